local t = require "test"
local schema = require "schema"

local metabalance, fixed = schema.find "balance.metabalance", schema.find "balance.fixed"

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

t.test("known answer 003-01 through the constructor, in both modes", function()
  for _, mode in ipairs { "joint", "two_pass" } do
    local m = metabalance { relax = 0.7, beta = 0.9, mode = mode }:build()
    for i, step in ipairs(steps) do t.near(m:combine(by_task(step))[1], sums[i], 1e-6, "step " .. i) end
  end
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

t.test("strategies and parts", function()
  local gradients = { { vector { 3, 4 }, vector { 12 } }, { vector { 1, 0 }, vector { 24 } } }
  local function balanced(options) return metabalance(options):build():balance(gradients)[2] end
  t.near(balanced { relax = 1 }, { { 5, 0 }, { 12 } }, 1e-9)
  t.near(balanced { relax = 1, strategy = "A" }, { { 1, 0 }, { 12 } }, 1e-9)
  t.near(balanced { relax = 1, strategy = "B" }, { { 5, 0 }, { 24 } }, 1e-9)
  local factor = 13 / math.sqrt(577)
  t.near(balanced { relax = 1, part = "whole" }, { { factor, 0 }, { 24 * factor } }, 1e-9)
  t.raises(function() metabalance { relax = 1.5 } end, "option 'relax'")
  t.raises(function() metabalance { strategy = "D" } end, "option 'strategy'")
end)

t.test("fixed is the plain sum", function()
  t.near(fixed {}:build():combine(by_task(steps[1]))[1], { -2.4, 11.2 }, 1e-12)
end)
