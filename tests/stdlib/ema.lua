local t = require "test"
local ema = require "ema"
local nn = require "nn"
local swa_utils = torch.optim.swa_utils

local function net()
  torch.manual_seed(4)
  return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)):to "float64"
end

-- One step of a training with batch statistics.
local function train_step(model, optim, i)
  torch.manual_seed(10 + i)
  optim:zero_grad()
  model(torch.randn(6, 3, { dtype = "float64" })):square():sum():backward()
  optim:step()
end

local function bits(model)
  local list = {}
  for _, parameter in ipairs(model:parameters()) do list[#list + 1] = parameter:detach():clone():reshape(-1) end
  return torch.cat(list)
end

t.test("the averages are those of torch.optim.swa_utils", function()
  local model = net()
  local optim = torch.optim.SGD(model:parameters(), { lr = 0.1 })
  local averaged = ema.new(model, { decay = 0.9 })
  local reference = swa_utils.AveragedModel(model, { multi_avg_fn = swa_utils.get_ema_multi_avg_fn(0.9) })
  for i = 1, 7 do
    train_step(model, optim, i)
    averaged:update()
    reference:update_parameters(model)
  end
  local weights = bits(model)
  averaged:with(function()
    t.ok(torch.equal(bits(model), bits(reference.module)))
    -- buffers are those of the moment
    t.eq(model[1].running_mean:totable(), reference.module[1].running_mean:totable())
  end)
  t.ok(torch.equal(bits(model), weights), "the weights come back to the last bit")
  t.ok(not torch.equal(bits(reference.module), weights))
end)

t.test("warmup: the decay of update t is at most 1 - (1 + t)^(-2/3)", function()
  local model = nn.Linear(1, 1, { bias = false }):to "float64"
  local averaged, average = ema.new(model, { decay = 0.6, warmup = true }), 0
  for i = 0, 5 do
    torch.no_grad(function() model.weight:fill_(i + 1) end)
    local decay = math.min(0.6, 1 - (1 + i) ^ (-2 / 3))
    t.near(averaged:decay_now(), decay, 1e-15)
    average = decay * average + (1 - decay) * (i + 1)
    averaged:update()
    averaged:with(function() t.near(model.weight:item(), average, 1e-12) end)
  end
  t.eq(averaged:decay_now(), 0.6)
end)

t.test("every counts updates of the weights; frozen weights are left out; no update leaves the weights", function()
  local model = nn.Linear(1, 1):to "float64"
  model.bias:requires_grad_(false)
  local averaged = ema.new(model, { decay = 0.5, every = 2 })
  t.eq(averaged.names, { "weight" })
  local before = model.weight:item()
  averaged:with(function() t.eq(model.weight:item(), before) end)
  for i = 1, 5 do
    torch.no_grad(function() model.weight:fill_(i) end)
    averaged:update()
  end
  t.eq({ averaged.steps, averaged.updates }, { 5, 2 })
  averaged:with(function() t.eq(model.weight:item(), 0.5 * 2 + 0.5 * 4) end)
end)

t.test("an error on the way leaves the weights; settle makes the averages the weights", function()
  local model = nn.Linear(1, 1, { bias = false }):to "float64"
  local averaged = ema.new(model, { decay = 0.5 })
  for i = 1, 2 do
    torch.no_grad(function() model.weight:fill_(i) end)
    averaged:update()
  end
  t.raises(function() averaged:with(function() error("no", 0) end) end, "no")
  t.eq(model.weight:item(), 2)
  averaged:settle()
  t.eq(model.weight:item(), 1.5)
  averaged:with(function() t.eq(model.weight:item(), 1.5) end)
  averaged:settle()
  t.eq(model.weight:item(), 1.5)
end)

t.test("it goes on from a saved state as if it had never stopped", function()
  local model = net()
  local optim = torch.optim.SGD(model:parameters(), { lr = 0.1 })
  local through = ema.new(model, { decay = 0.9, every = 2, warmup = true })
  local first = ema.new(model, { decay = 0.9, every = 2, warmup = true })
  for i = 1, 3 do
    train_step(model, optim, i)
    through:update()
    first:update()
  end
  local dict = {}
  for name, tensor in pairs(first:state_dict()) do dict[name] = tensor:clone() end
  local second = ema.new(model, { decay = 0.9, every = 2, warmup = true })
  second:load_state_dict(dict)
  for i = 4, 9 do
    train_step(model, optim, i)
    through:update()
    second:update()
  end
  for i in ipairs(through.averages) do t.ok(torch.equal(through.averages[i], second.averages[i]), through.names[i]) end
  dict["average.0.weight"] = torch.zeros(2, 2)
  t.raises(function() second:load_state_dict(dict) end, "'average.0.weight' has shape [2, 2] in the state, [4, 3]")
  dict["average.0.weight"] = nil
  t.raises(function() second:load_state_dict(dict) end, "the state has no 'average.0.weight'")
end)

t.test("after an accumulated update alone", function()
  local model = nn.Linear(1, 1)
  local averaged = ema.new(model, {})
  averaged:after { batches = { last = false } }
  t.eq(averaged.steps, 0)
  averaged:after { batches = { last = true } }
  averaged:after {}
  t.eq(averaged.steps, 2)
end)
