-- Tensors count from 0 everywhere; out-of-range errors state the valid range.
local t = require "test"

local x = torch.arange(12):view(3, 4)

t.test("dims, indices and returned positions count from 0", function()
  t.eq(x[0]:totable(), { 0, 1, 2, 3 })
  t.eq(x[-1]:totable(), { 8, 9, 10, 11 })
  t.eq(x:sum(0):totable(), { 12, 15, 18, 21 })
  t.eq(x:argmax():item(), 11)
  t.eq(x:argmax(1):totable(), { 3, 3, 3 })
  t.eq(x:size(0), 3)
  t.eq(x:size(-1), 4)
  t.eq(x:select(1, 0):totable(), { 0, 4, 8 })
end)

t.test("Lua's own tables count from 1", function()
  t.eq(x.shape[1], 3)
  t.eq(x.shape[2], 4)
  t.eq(#x.shape, 2)
  t.eq(x:unbind(0)[1]:totable(), { 0, 1, 2, 3 })
  t.eq(x:totable()[1][1], 0)
end)

t.test("the length of a tensor is the size of dim 0", function()
  t.eq(#x, 3)
  t.raises(function() return #torch.tensor(1) end, "0-dim")
end)

t.test("shape refuses index 0 and what lies past its end, and names x:size", function()
  t.raises(function() return x.shape[0] end, "size(0)")
  t.raises(function() return x.shape[3] end, "size(")
end)

t.test("an index out of range states the range", function()
  local text = t.raises(function() return x[3] end, "3")
  t.ok(text:find("-3", 1, true) and text:find("2", 1, true), text)
  text = t.raises(function() return x[{ 0, 4 }] end, "4")
  t.ok(text:find("-4", 1, true) and text:find("3", 1, true), text)
  text = t.raises(function() return x:size(2) end, "2")
  t.ok(text:find("-2", 1, true) and text:find("1", 1, true), text)
  text = t.raises(function() return x:sum(5) end, "5")
  t.ok(text:find("-2", 1, true) and text:find("1", 1, true), text)
end)

t.test("iter gives the index from 0 and a view", function()
  local y, seen = torch.zeros(3, 2), {}
  for i, row in y:iter() do
    seen[#seen + 1] = i
    row:fill_(i)
  end
  t.eq(seen, { 0, 1, 2 })
  t.eq(y:totable(), { { 0, 0 }, { 1, 1 }, { 2, 2 } })
  t.raises(function() torch.tensor(1):iter() end, "0-dim")
end)
