local t = require "test"
local schema = require "schema"
local find = schema.find

local function network(encoder, options)
  local model = find "trunk" { find("vision." .. encoder)(options or {}), head = find "head.softmax" {} }
    :build { classes = 3, image = { 1, 28, 28 } }
  local trunk, heads = model:parameters()
  return model, { { name = "trunk", parameters = trunk }, { name = "heads", parameters = heads } }
end

local function built(options, encoder, more)
  local model, groups = network(encoder or "mlp", encoder == nil and { widths = { 5, 4 } } or more)
  return find "optim.adamw"(options):build { groups = groups, steps = 10, module = model.module }, model
end

-- name -> { lr, weight_decay } of every parameter
local function options_of(optim, model)
  local of, names = {}, {}
  for name, parameter in model.module:named_parameters() do names[parameter] = name end
  for _, group in ipairs(optim.groups) do
    for _, parameter in ipairs(group.params) do of[names[parameter]] = { group.lr, group.weight_decay } end
  end
  return of
end

t.test("without such options there is a group for the trunk and one for the heads", function()
  local optim = built { lr = 0.5 }
  t.eq({ #optim.groups, optim.groups[1].name, optim.groups[2].name }, { 2, "trunk", "heads" })
  t.eq({ #optim.groups[1].params, #optim.groups[2].params }, { 4, 2 })
end)

t.test("layer_decay: the rate shrinks stage by stage from the heads down", function()
  local optim, model = built { lr = 1, layer_decay = 0.5, weight_decay = 0.1 }
  t.eq(options_of(optim, model), {
    ["encoder.fc1.weight"] = { 0.25, 0.1 }, ["encoder.fc1.bias"] = { 0.25, 0.1 },
    ["encoder.fc2.weight"] = { 0.5, 0.1 }, ["encoder.fc2.bias"] = { 0.5, 0.1 },
    ["head.weight"] = { 1, 0.1 }, ["head.bias"] = { 1, 0.1 },
  })
end)

t.test("the stages of a residual network are its stem and its four layers", function()
  local optim, model = built({ lr = 1, layer_decay = 0.5 }, "resnet18")
  local of = options_of(optim, model)
  t.eq(of["encoder.conv1.weight"][1], 0.5 ^ 5)
  t.eq(of["encoder.bn1.bias"][1], 0.5 ^ 5)
  for i = 1, 4 do t.eq(of[("encoder.layer%d.1.conv2.weight"):format(i)][1], 0.5 ^ (5 - i)) end
  t.eq(of["head.weight"][1], 1)
  t.eq(#model.module.encoder.stages, 5)
end)

t.test("no_decay spares biases and norms, and what is named", function()
  local optim, model = built({ lr = 1, weight_decay = 0.1, no_decay = true }, "resnet8")
  for name, options in pairs(options_of(optim, model)) do
    local spared = name:find "bias$" or name:find "bn" or name:find "downsample.1"
    t.eq(options[2], spared and 0 or 0.1, name)
  end
  optim, model = built { lr = 1, weight_decay = 0.1, no_decay = { "encoder.fc1.*" } }
  t.eq(options_of(optim, model)["encoder.fc1.weight"][2], 0)
  t.eq(options_of(optim, model)["encoder.fc2.weight"][2], 0.1)
  t.eq(options_of(optim, model)["encoder.fc2.bias"][2], 0)
end)

t.test("groups by name count more than the rest, the last one most", function()
  local groups = {}
  groups["encoder.*"] = { lr = 3 }
  local optim, model = built { lr = 1, heads = { lr = 2 }, layer_decay = 0.5, groups = groups }
  local of = options_of(optim, model)
  t.eq({ of["encoder.fc1.weight"][1], of["encoder.fc2.bias"][1], of["head.weight"][1] }, { 3, 3, 2 })
end)

t.test("a schedule scales every rate, and each parameter steps with its own", function()
  local optim, model = built { lr = 1e-2, layer_decay = 0.5, no_decay = true, weight_decay = 0.3,
    schedule = find "optim.constant" {} }
  local before, by_hand = {}, {}
  for name, parameter in model.module:named_parameters() do
    parameter.grad = torch.ones_like(parameter)
    before[name] = parameter:detach():clone()
  end
  local of = options_of(optim, model)
  optim:step()
  for name, parameter in model.module:named_parameters() do
    -- Adam's first step is the rate long, after the decay
    local lr, decay = of[name][1], of[name][2]
    by_hand[name] = before[name] * (1 - lr * decay) - lr
    t.near(parameter:detach(), by_hand[name], 1e-6, name)
  end
end)

t.test("mistakes are told with the nearest name", function()
  local function raises(options, text) t.raises(function() built(options) end, text) end
  raises({ groups = { ["encoder.fc3.*"] = { lr = 1 } } }, "groups: no trained parameter is called 'encoder.fc3.*'")
  raises({ groups = { ["*"] = { momentum = 1 } } }, "'groups.momentum' is no number of this optimizer")
  raises({ no_decay = { "hed.weight" } }, "no_decay: no trained parameter is called 'hed.weight'; did you mean 'head.weight'?")
  raises({ heads = { lrr = 1 } }, "'heads.lrr' is no number of this optimizer; did you mean 'lr'?")
  raises({ layer_decay = 0 }, "option 'layer_decay' must be a number in (0, 1]")
  t.raises(function() find "optim.lbfgs" { no_decay = true }:build { parameters = {} } end, "the same for all parameters")
  t.raises(function() find "optim.adamw" { layer_decay = 0.5 }:build { parameters = { torch.zeros(1) } } end,
    "the optimizer of an experiment's model")
end)
