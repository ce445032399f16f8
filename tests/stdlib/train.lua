local t = require "test"
local objective = require "objective"
local schema = require "schema"
local train = require "train"

-- The smallest model that trains: one weight vector, logits = x w; and plain gradient descent.
local function setup(options)
  options = options or {}
  local w = torch.zeros(2, 2, { requires_grad = true })
  local x = torch.tensor { { 1.0, 0.0 }, { 0.0, 1.0 }, { 1.0, 0.2 }, { 0.1, 1.0 } }
  local y = torch.tensor({ 0, 1, 0, 1 }, { dtype = "int64" })
  local model = { modes = {} }
  function model:features(batch) return batch.x end
  function model:predict(batch) return { y = batch.x:matmul(w):argmax(1) } end
  function model:train() self.modes[#self.modes + 1] = "train" end
  function model:eval() self.modes[#self.modes + 1] = "eval" end
  local loader = { batches = function() return 2 end }
  function loader:each()
    local i = -2
    return function()
      i = i + 2
      if i >= 4 then return nil end
      local rows = { { i, i + 2 } }
      return { x = x[rows], y = y[rows] }
    end
  end
  local ce = schema.build(schema.find "loss.ce" {})
  local optim = {
    zero_grad = function() w.grad = nil end,
    step = function() torch.no_grad(function() w:sub_(w.grad * 0.5) end) end,
    observe = function() end,
  }
  local metrics = require "evaluate".metrics({ "top1" }, {})
  local state = {
    model = model, optim = optim, device = "cpu", epochs = 3, every = 1, metrics = metrics,
    loaders = { train = loader, val = loader },
    objective = objective.sum({ { name = "ce", weight = 1,
      of = options.of or function(s) return ce(s.features:matmul(w), s.batch) end } }, { w }),
  }
  for key, value in pairs(options.state or {}) do state[key] = value end
  return state, w
end

t.test("training lowers the loss and counts epochs and steps", function()
  local records = {}
  local state = setup { state = { epochs = 20, log = function(record) records[#records + 1] = record end } }
  train.run(state)
  t.eq({ state.epoch, state.step, #records }, { 20, 40, 20 })
  t.near(records[1]["train.loss"], 0.6, 0.1)
  t.ok(records[20]["train.loss"] < 0.5 * records[1]["train.loss"])
  t.eq(records[20].step, 40)
end)

t.test("hooks fire in their order, around every part of a step", function()
  local seen, on = {}, {}
  for _, name in ipairs(train.hooks) do on[name] = function() seen[#seen + 1] = name end end
  train.run((setup { state = { epochs = 1, on = on, during = { "val" } } }))
  t.eq(table.concat(seen, " "), "start epoch sample forward criterion backward step sample forward criterion backward "
    .. "step evaluate end")
end)

t.test("a hook sees loss and features and may stop the run", function()
  local loss
  local state = setup { state = { on = { step = function(s)
    loss = s.loss:item()
    t.eq(s.features.shape[1], 2)
    if s.step == 3 then s.stop = "enough" end
  end } } }
  train.run(state)
  t.eq({ state.step, state.epoch, state.stop }, { 3, 2, "enough" })
  t.ok(loss > 0 and loss < 1)
end)

t.test("a loss that is not finite is found with its step", function()
  local state = setup { state = { epochs = 5 }, of = function(s)
    return (s.features:sum() * (s.step == 3 and 0 / 0 or 1)) * torch.ones({}, { requires_grad = true })
  end }
  -- the weights are not in this loss: nothing to step
  state.optim.step, state.objective.parameters = function() end, {}
  train.run(state)
  t.eq(state.diverged, 3)
  t.eq(state.epoch, 2)
end)

t.test("evaluation while training, the best epoch, early stopping", function()
  local state = setup { state = { epochs = 50, during = { "val" }, watch = { key = "val.top1", mode = "max", patience = 2 } } }
  train.run(state)
  t.eq(state.values["val.top1"], 1)
  t.eq(state.epoch, state.best.epoch + 2)
  t.ok(state.stop:find("no better val.top1 for 2 epochs", 1, true))
  t.eq({ state.model.modes[1], state.model.modes[2], state.model.modes[3] }, { "train", "eval", "train" })
end)

t.test("the limit of steps counts over the run", function()
  local state = setup { state = { epochs = 9, steps = 5 } }
  train.run(state)
  t.eq({ state.step, state.epoch }, { 5, 3 })
end)

t.test("clipping limits the joint norm of the gradients", function()
  local state, w = setup { state = { epochs = 1, clip = 1e-3 } }
  train.run(state)
  t.ok(w:norm():item() <= 2 * 0.5 * 1e-3 + 1e-9)
end)

t.test("the optimizer hears the watched metric; LBFGS gets a closure that computes the loss anew", function()
  local heard = {}
  local state, w = setup { state = { epochs = 3, during = { "val" }, watch = { key = "val.top1", mode = "max" } } }
  state.optim.observe = function(_, value) heard[#heard + 1] = value end
  train.run(state)
  t.eq(heard, { 1, 1, 1 })
  local losses = {}
  state, w = setup { state = { epochs = 1 } }
  local plain = state.optim.step
  state.optim.needs_closure = true
  state.optim.step = function(_, closure)
    for _ = 1, 3 do
      losses[#losses + 1] = closure():item()
      plain()
    end
  end
  train.run(state)
  t.eq(#losses, 6)
  t.ok(losses[2] < losses[1] and losses[3] < losses[2], "every look at the loss sees the weights as they are")
end)

-- A run whose watched value goes a given way; the epoch at which it stopped, and its best.
local function watched(values, watch)
  watch.key = "val.top1"
  local state = setup { state = { epochs = #values, during = { "val" }, watch = watch } }
  state.metrics = { { key = "top1", metric = { read = function() end } } }
  local evaluate = require "evaluate"
  local before = evaluate.run
  evaluate.run = function() return { { "val.top1", values[state.epoch] } }, 1 end
  local ok, problem = pcall(train.run, state)
  evaluate.run = before
  t.ok(ok, problem)
  return state.epoch, state.best
end

t.test("early stopping: both modes, gains too small to count, values that are none", function()
  local nan = 0 / 0
  t.eq((watched({ 1, 2, 3, 2.9, 2.8, 2.7, 9 }, { mode = "max", patience = 3 })), 6)
  t.eq((watched({ 3, 2, 1, 1.1, 1.2, 0 }, { mode = "min", patience = 2 })), 5)
  -- the best is still the best; patience counts from the last gain above min_delta
  local epoch, best = watched({ 1, 2, 2.1, 2.2, 2.3, 9 }, { mode = "max", patience = 2, min_delta = 0.5 })
  t.eq({ epoch, best.value, best.epoch, best.mark.epoch }, { 4, 2.2, 4, 2 })
  -- small gains that add up count
  t.eq((watched({ 1, 1.3, 1.6, 1.9, 2.2, 2.2 }, { mode = "max", patience = 2, min_delta = 0.5 })), 6)
  epoch, best = watched({ 5, 4.8, 4.7, 1 }, { mode = "min", patience = 2, min_delta = 0.5 })
  t.eq({ epoch, best.value }, { 3, 4.7 })
  t.eq((watched({ nan, nan, nan, 1 }, { mode = "max", patience = 3 })), 3)
  t.eq((watched({ 1, nan, 2, nan, nan, nan }, { mode = "max", patience = 2 })), 5)
end)

t.test("clipping by value cuts each number, then the norm", function()
  local precision = require "precision"
  local p = torch.zeros(3, { requires_grad = true })
  p.grad = torch.tensor { 3, -0.5, -4 }
  precision.clip({ clip_value = 1 }, { p })
  t.eq(p.grad:totable(), { 1, -0.5, -1 })
  precision.clip({ clip_value = 1, clip = 0.75 }, { p })
  t.near(p.grad, { 0.5, -0.25, -0.5 }, 1e-6)
end)

t.test("evaluation and the best weights are those of the moving average, training goes on from its own", function()
  local nn = require "nn"
  local net = nn.Linear(2, 2, { bias = false })
  local seen, kept = {}, {}
  local state = setup { state = { epochs = 3, during = { "val" }, watch = { key = "val.top1", mode = "max" } },
                        of = function(s) return net(s.features):square():sum() end }
  state.objective.parameters = net:parameters()
  state.optim = torch.optim.SGD(net:parameters(), { lr = 0.1 })
  state.optim.observe = function() end
  state.ema = require "ema".new(net, { decay = 0.5 })
  local by_hand, steps = nil, {}
  state.on = { step = function()
    local w = net.weight:detach():clone()
    by_hand = keep(by_hand and by_hand * 0.5 + w * 0.5 or w)
    steps[#steps + 1] = keep(w)
  end, evaluate = function() seen[#seen + 1] = net.weight:detach():clone() end }
  state.keep_best = function() kept[#kept + 1] = net.weight:detach():clone() end
  train.run(state)
  t.eq({ #seen, #steps }, { 3, 6 })
  t.near(seen[3], by_hand, 1e-7)
  t.ok(torch.equal(kept[1], seen[1]))
  t.ok(torch.equal(net.weight:detach(), steps[6]))
end)
