-- Reading and writing parts of tensors: integers, ranges, strings, masks, index tensors.
local t = require "test"

local function fresh() return torch.arange(24, { dtype = "float32" }):view(2, 3, 4) end
local x = fresh()

t.test("integers and pairs in a table", function()
  t.eq(x[{ 1, 2 }]:totable(), { 20, 21, 22, 23 })
  t.eq(x[{ 1, 2, 3 }]:item(), 23)
  t.eq(x[{ 0, { 1, 3 }, -1 }]:totable(), { 7, 11 })
  t.eq(x[{}].shape, { 2, 3, 4 })
  t.eq(x[{ torch.None, 0 }].shape, { 1, 3, 4 })
end)

t.test("slice strings are half-open and as in Python", function()
  t.eq(x["0, 1"]:totable(), { 4, 5, 6, 7 })
  t.eq(x["..., 0"]:totable(), { { 0, 4, 8 }, { 12, 16, 20 } })
  t.eq(x["1, :, ::2"]:totable(), { { 12, 14 }, { 16, 18 }, { 20, 22 } })
  t.eq(x["1:, ..., None, 1:3"].shape, { 1, 3, 1, 2 })
  t.eq(x["-1, -2:, -1"]:totable(), { 19, 23 })
  t.eq(x[{ ":", "1:", "::3" }].shape, { 2, 2, 2 })
end)

t.test("masks and index tensors", function()
  local flat = x:view(-1)
  t.eq(flat[flat:gt(20)]:totable(), { 21, 22, 23 })
  t.eq(flat[torch.tensor({ 3, 1 }, { dtype = "int64" })]:totable(), { 3, 1 })
  t.eq(x[{ 0, ":", torch.tensor({ 0, 3 }, { dtype = "int64" }) }]:totable(), { { 0, 3 }, { 4, 7 }, { 8, 11 } })
end)

t.test("a part is a view: writing into it changes the whole", function()
  local y = fresh()
  y[0]:zero_()
  t.eq(y[0]:sum():item(), 0)
  t.eq(y[1]:sum():item(), x[1]:sum():item())
end)

t.test("writing mirrors reading", function()
  local y = fresh()
  y["0, 0"] = -1
  t.eq(y["0, 0"]:totable(), { -1, -1, -1, -1 })
  y[{ 1, { 0, 2 }, 0 }] = torch.tensor { 7, 8 }
  t.eq(y["1, :, 0"]:totable(), { 7, 8, 20 })
  y[y:gt(10)] = 0
  t.eq(y:max():item(), 10)
  y[0] = torch.ones(4)
  t.eq(y[0]:sum():item(), 12)
  local z = torch.zeros(4)
  z[torch.tensor({ 0, 2 }, { dtype = "int64" })] = torch.tensor { 5, 6 }
  t.eq(z:totable(), { 5, 0, 6, 0 })
  z[-1] = 9
  t.eq(z[3]:item(), 9)
end)

t.test("gradients flow through parts", function()
  local w = torch.arange(4, { dtype = "float32" })
  w.requires_grad = true
  w["1:3"]:sum():backward()
  t.eq(w.grad:totable(), { 0, 1, 1, 0 })
end)

t.test("what is no index says so", function()
  t.raises(function() return x["1:nonsense"] end, "nonsense")
  t.raises(function() return x["0, 0, 0, 0"] end, "3")
  t.raises(function() return x[1.5] end, "1.5")
  t.raises(function() return x[torch.ones(5, { dtype = "bool" })] end, "5")
end)
