local t = require "test"
local nn = require "nn"
local schema = require "schema"
local optim = {}
for _, name in ipairs { "sgd", "adam", "adamw", "constant", "cosine", "step", "poly" } do
  optim[name] = require("optim." .. name)
end

local function parameters()
  return nn.Parameter(torch.tensor({ 1, -2, 3 }, { dtype = "float64" })),
    nn.Parameter(torch.tensor({ { 0.5, -0.5 } }, { dtype = "float64" }))
end

local function build(node, context) return schema.build(node, context) end

-- One step of a small problem; b has a gradient from the fourth step on.
local function advance(o, a, b, i)
  scope(function()
    o:zero_grad()
    local loss = (a * a * torch.tensor({ 1, 2, 3 }, { dtype = "float64" })):sum()
    if i >= 3 then loss = loss + (b ^ 4):sum() + (b * a:narrow(0, 0, 2)):sum() end
    loss:backward()
    o:step()
  end)
end

-- torch 2.13: a, then b, after 10 steps
local golden = {
  { "sgd", { lr = 0.1 },
  { -0.00936976702912507, 0.064818347716476, 0.0003145728, 0.233006262710183, -0.293986290670871 } },
  { "sgd", { lr = 0.1, momentum = 0.9, dampening = 0.3, weight_decay = 0.01 },
    { -0.67841175446539, -0.877288856460168, 1.09608897741889, 0.6073099330462, -0.383381914019776 } },
  { "sgd", { lr = 0.1, momentum = 0.9, nesterov = true },
    { -0.289168442791105, -0.0122102395338507, -0.0262731960523633, 0.511762536145761, -0.130839586941386 } },
  { "adam", { lr = 0.1, weight_decay = 0.01 },
    { 0.0579794207329799, -1.02203093349468, 2.01418840845366, -0.119608049100237, 0.177033228491394 } },
  { "adamw", { lr = 0.1, betas = { 0.8, 0.95 } },
    { 0.0775271233638411, -1.01785841111397, 1.99626715613342, -0.100177465685392, 0.170102142049495 } },
}

local function values(a, b) return torch.cat({ a:detach(), b:detach():flatten() }):totable() end

for i, case in ipairs(golden) do
  local name, options, expected = case[1], case[2], case[3]
  t.test(("%s %d takes PyTorch's ten steps, also where a gradient comes late"):format(name, i), function()
    local a, b = parameters()
    local o = build(optim[name](options), { parameters = { a, b } })
    for step = 0, 9 do advance(o, a, b, step) end
    t.near(values(a, b), expected, 1e-6)
  end)

  t.test(("%s %d goes on from a saved state as if it had never stopped"):format(name, i), function()
    local a, b = parameters()
    local o = build(optim[name](options), { parameters = { a, b } })
    for step = 0, 4 do advance(o, a, b, step) end
    local a2, b2 = nn.Parameter(a:detach():clone()), nn.Parameter(b:detach():clone())
    local o2 = build(optim[name](options), { parameters = { a2, b2 } })
    o2:load_state_dict(o:state_dict())
    for step = 5, 9 do
      advance(o, a, b, step)
      advance(o2, a2, b2, step)
    end
    t.eq(values(a2, b2), values(a, b))
  end)
end

t.test("heads may have a rate of their own; groups step alone", function()
  local a, b = parameters()
  local o = build(optim.sgd { lr = 0.1, heads = { lr = 0.5 } },
    { groups = { { name = "trunk", parameters = { a } }, { name = "heads", parameters = { b } } } })
  t.eq({ o.groups[1].lr, o.groups[2].lr }, { 0.1, 0.5 })
  a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
  o:step "heads"
  t.near(values(a, b), { 1, -2, 3, 0, -1 }, 1e-12)
  o:step "trunk"
  t.near(values(a, b), { 0.9, -2.1, 2.9, 0, -1 }, 1e-12)
  t.raises(function() o:step "tail" end, "no group 'tail'")
  t.raises(function()
    build(optim.sgd { heads = { learning_rate = 1 } }, { groups = { { name = "heads", parameters = { b } } } })
  end, "heads.learning_rate")
end)

t.test("one parameter cannot stand in two groups", function()
  local a = parameters()
  t.raises(function()
    build(optim.sgd {}, { groups = { { name = "trunk", parameters = { a } }, { name = "heads", parameters = { a } } } })
  end, "two groups")
end)

t.test("options that contradict each other are refused", function()
  local a = parameters()
  t.raises(function() build(optim.sgd { nesterov = true }, { parameters = { a } }) end, "nesterov")
  t.raises(function() build(optim.adam { betas = { 0.9 } }, { parameters = { a } }) end, "two numbers")
end)

local function rates(node, steps)
  local schedule, list = build(node, {}), {}
  for i = 1, steps do list[i] = schedule.factor(i - 1, steps) end
  return list
end

t.test("schedules", function()
  t.near(rates(optim.constant { warmup = 2 }, 4), { 0.5, 1, 1, 1 }, 1e-12)
  t.near(rates(optim.constant { warmup = "50%" }, 4), { 0.5, 1, 1, 1 }, 1e-12)
  t.near(rates(optim.cosine {}, 4), { 1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125) }, 1e-12)
  t.near(rates(optim.cosine { floor = 0.5 }, 2), { 1, 0.75 }, 1e-12)
  t.near(rates(optim.step { { "50%", 3 }, factor = 0.1 }, 4), { 1, 1, 0.1, 0.01 }, 1e-12)
  t.near(rates(optim.poly { power = 2 }, 4), { 1, 0.5625, 0.25, 0.0625 }, 1e-12)
end)

t.test("the rate of the step to come follows the schedule", function()
  local a, b = parameters()
  local o = build(optim.sgd { lr = 0.4, schedule = optim.poly {} }, { parameters = { a, b }, steps = 4 })
  local seen = {}
  for i = 1, 4 do
    seen[i] = o.groups[1].lr
    advance(o, a, b, 3)
  end
  t.near(seen, { 0.4, 0.3, 0.2, 0.1 }, 1e-12)
end)

t.test("every optimizer of scripts steps as its twin in torch.optim, with its defaults", function()
  local twins = { sgd = "SGD", adam = "Adam", adamw = "AdamW", rmsprop = "RMSprop", adagrad = "Adagrad",
                  rprop = "Rprop", adadelta = "Adadelta", adamax = "Adamax", nadam = "NAdam", radam = "RAdam", asgd = "ASGD",
                  adafactor = "Adafactor", lbfgs = "LBFGS" }
  for name, twin in pairs(twins) do
    local a, b = parameters()
    local c, d = parameters()
    local script, plain = build(require("optim." .. name) {}, { parameters = { a, b } }), torch.optim[twin] { c, d }
    for i = 1, 4 do
      local function closure(o, x, y)
        return function()
          o:zero_grad()
          local loss = (x * x):sum() * i + (y ^ 4):sum()
          loss:backward()
          return loss
        end
      end
      script:step(closure(script, a, b))
      plain:step(closure(plain, c, d))
    end
    t.near(values(a, b), values(c, d), 0, name)
    t.eq(script.needs_closure, name == "lbfgs")
  end
end)

t.test("the flat state carries the schedule's place and goes into files of tensors and JSON", function()
  local function make()
    local a, b = parameters()
    local node = optim.adamw { lr = 0.4, heads = { lr = 0.2 }, schedule = optim.cosine { warmup = 2 } }
    return build(node, { groups = { { name = "trunk", parameters = { a } }, { name = "heads", parameters = { b } } },
                         steps = 10 }), a, b
  end
  local o, a, b = make()
  for step = 0, 4 do advance(o, a, b, step) end
  local tensors, plain = o:flat_state()
  local again = make()
  again:load_flat_state(tensors, plain)
  t.eq({ again.steps, again.groups[1].lr, again.groups[2].lr, again.groups[2].name },
    { 5, o.groups[1].lr, o.groups[2].lr, "heads" })
  t.eq(tensors["state.0.exp_avg"]:totable(), o.optim.state[a].exp_avg:totable())
end)
