local t = require "test"
local host = require "host.balance"
local schema = require "schema"

local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local function find(name) return schema.find("balance." .. name) end
local metabalance, fixed, pcgrad, gradvac = find "metabalance", find "fixed", find "pcgrad", find "gradvac"

local function vector(values) return torch.tensor(values, { dtype = "float64" }) end

-- Three steps of a main task and two auxiliaries with one parameter of two numbers; r = 0.7, beta = 0.9.
local steps = {
  { { 3, 4 }, { 0.6, -0.8 }, { -6, 8 } },
  { { 1, 2 }, { 2, 0 }, { 0.5, 0.5 } },
  { { 0, -1 }, { 0.1, 0.2 }, { 4, -3 } },
}
-- Known answer 003-01.
local sums = { { 1.38, 6.16 }, { 5.24477094, 2.392876054 }, { 2.84406571, -2.570763669 } }

local function by_task(step)
  local list = {}
  for i, gradient in ipairs(step) do list[i] = { vector(gradient) } end
  return list
end

t.test("known answer 003-01 through the constructor, in every mode", function()
  for _, mode in ipairs { "joint", "two_pass", "stale" } do
    local m = metabalance { relax = 0.7, beta = 0.9, mode = mode }:build()
    for i, step in ipairs(steps) do t.near(m:combine(by_task(step))[1], sums[i], 1e-6, "step " .. i) end
  end
end)

t.test("known answer 003-07 through the constructor, orders from outside", function()
  local case = oracle "003-07"
  for reduction, expected in pairs { sum = case.expected.sum, mean = case.expected.mean } do
    local p = pcgrad { reduction = reduction }:build()
    p:set_orders(case.input.orders)
    t.near(p:combine(by_task(case.input.grads))[1], expected, 1e-6)
  end
  local first = gradvac {}:build()
  first:set_orders(case.input.orders)
  t.near(first:combine(by_task(case.input.grads))[1], case.expected.sum, 1e-6)
  t.raises(function() metabalance {}:build():set_orders { { 1 }, { 0 } } end, "only pcgrad and gradvac")
end)

t.test("known answer 003-14: the core scales declared weights to sum to 1", function()
  local case = oracle "003-14"
  t.near(vector(host.normalised(case.input.declared)), case.expected.weights, 1e-12)
end)

t.test("the state goes through state_dict", function()
  local first, second = metabalance {}:build(), metabalance {}:build()
  t.eq(first:state_dict(), {})
  second:load_state_dict(first:state_dict())
  first:combine(by_task(steps[1]))
  first:combine(by_task(steps[2]))
  t.near(first:state_dict().norms, { { 0.6736067977 }, { 0.29 }, { 0.9707106781 } }, 1e-6)
  second:load_state_dict(first:state_dict())
  t.near(second:combine(by_task(steps[3]))[1], sums[3], 1e-6)
end)

t.test("every balance of gradients goes on from its state as if nothing had happened", function()
  for _, make in ipairs { metabalance, pcgrad, gradvac } do
    local whole, before, after = make {}:build(), make {}:build(), make {}:build()
    for i = 1, 4 do
      local step = by_task(steps[(i - 1) % 3 + 1])
      local expected = whole:combine(step)[1]
      if i == 3 then after:load_state_dict(before:state_dict()) end
      t.near((i < 3 and before or after):combine(step)[1], expected:totable(), 1e-12)
    end
  end
end)

t.test("strategies and parts", function()
  local gradients = { { vector { 3, 4 }, vector { 12 } }, { vector { 1, 0 }, vector { 24 } } }
  local function balanced(options)
    return metabalance(options):build { layers = { 0, 0 } }:balance(gradients)[2]
  end
  t.near(balanced { relax = 1 }, { { 5, 0 }, { 12 } }, 1e-9)
  t.near(balanced { relax = 1, strategy = "A" }, { { 1, 0 }, { 12 } }, 1e-9)
  t.near(balanced { relax = 1, strategy = "B" }, { { 5, 0 }, { 24 } }, 1e-9)
  local factor = 13 / math.sqrt(577)
  t.near(balanced { relax = 1, part = "whole" }, { { factor, 0 }, { 24 * factor } }, 1e-9)
  t.near(balanced { relax = 1, part = "layer" }, { { factor, 0 }, { 24 * factor } }, 1e-9)
  t.raises(function() metabalance { relax = 1.5 } end, "option 'relax'")
  t.raises(function() metabalance { strategy = "D" } end, "option 'strategy'")
  t.raises(function() gradvac { beta = -1 } end, "option 'beta'")
end)

t.test("fixed is the plain sum", function()
  t.near(fixed {}:build():combine(by_task(steps[1]))[1], { -2.4, 11.2 }, 1e-12)
end)

t.test("a task that does not reach a parameter is false in its list", function()
  local m = metabalance { relax = 1, beta = 0 }:build()
  local combined = m:combine { { vector { 3, 4 }, false }, { vector { 1, 0 }, vector { 2 } } }
  t.near(combined[1], { 8, 4 }, 1e-12)
  t.near(combined[2], { 2 }, 1e-12)
  t.raises(function() m:combine { { 1 }, { 2 } } end, "lists of tensors, or false")
end)

t.test("gradnorm: known answer 003-10 in its own terms, from inner products of weighted gradients", function()
  local case = oracle "003-10"
  local g = find "gradnorm" { alpha = case.input.alpha, lr = case.input.lr }:build()
  g:load_state_dict { weights = vector(case.input.w), initial = vector(case.input.initial) }
  for i, key in ipairs { "step1", "step2" } do
    local w, n = g:state_dict().weights:totable(), case.input.norms[i]
    local declared = { 0.5, 0.3, 0.2 } -- cancels
    local diagonal, carried, losses = {}, {}, {}
    for k = 1, 3 do
      carried[k] = w[k] * declared[k]
      diagonal[k] = (n[k] * carried[k]) ^ 2
      losses[k] = vector { case.input.losses[i][k] }[0]
    end
    g:norms(vector(diagonal):diag(), carried, losses)
    t.near(g:factor(2):item(), case.expected[key].w[2], 1e-6)
    t.near(g:state_dict().weights, case.expected[key].w, 1e-6)
  end
end)

t.test("uncertainty: factors and what is added, with the gradient that both give s", function()
  local u = find "uncertainty" { start = 0.5 }:build { tasks = 2 }
  t.near(u:factor(2):item(), 0.3032653299, 1e-6)
  local losses = { 3, 0.25 }
  local total = u:factor(1) * losses[1] + u:extra(1) + u:factor(2) * losses[2] + u:extra(2)
  total:backward()
  t.near(u.s.grad, { 0.5 - 3 * 0.3032653299, 0.5 - 0.25 * 0.3032653299 }, 1e-6)
end)

t.test("mtadam: known answer 003-11 through the binding", function()
  local case = oracle "003-11"
  local m, p = host.mtadam(case.input.betas[3], case.input.ranks), vector(case.input.p)
  for i, gradients in ipairs(case.input.grads) do
    m:step({ p }, by_task(gradients), { { lr = case.input.lr, beta1 = 0.9, beta2 = 0.999, eps = case.input.eps } })
    t.near(p, case.expected.p[i], 1e-8)
  end
  t.raises(function() find "mtadam" { ranks = { 1 } }:build { tasks = 2 } end, "1 ranks for 2 tasks")
end)
