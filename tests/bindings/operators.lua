-- Every operator by its name: positions, keywords, lists, several results, defaults, overloads.
local t = require "test"

local x = torch.tensor { { 3, 1, 2 }, { 6, 5, 4 } }

t.test("as a function and as a method, by position and by keyword", function()
  local expected = { { 2, 0, 1 }, { 5, 4, 3 } }
  t.eq(torch.sub(x, 1):totable(), expected)
  t.eq(x:sub(1):totable(), expected)
  t.eq(x:sub(torch.ones(2, 3), { alpha = 1 }):totable(), expected)
  t.eq(torch.sub(x, 1, { alpha = 2 }):totable(), { { 1, -1, 0 }, { 4, 3, 2 } })
  t.eq(x:sum { dim = 1 }:totable(), { 6, 15 })
  t.eq(x:sum(1, { keepdim = true }):totable(), { { 6 }, { 15 } })
  t.eq(x:sum({ 0, 1 }):item(), 21)
end)

t.test("several results are several values", function()
  local values, indices = x:topk(2)
  t.eq(values:totable(), { { 3, 2 }, { 6, 5 } })
  t.eq(indices:totable(), { { 0, 2 }, { 0, 1 } })
  local largest, where = x:max(1)
  t.eq(largest:totable(), { 3, 6 })
  t.eq(where:totable(), { 0, 0 })
  t.eq(x:max():item(), 6)
  t.eq(select("#", x:sort()), 2)
end)

t.test("a list result is a table", function()
  local parts = x:split(1)
  t.eq(#parts, 2)
  t.eq(parts[2]:totable(), { { 6, 5, 4 } })
  t.eq(#x:chunk(3, 1), 3)
end)

t.test("plain integers are gathered where a list comes first", function()
  t.eq(torch.ones(2, 3).shape, { 2, 3 })
  t.eq(torch.zeros({ 2, 3 }).shape, { 2, 3 })
  t.eq(x:view(3, -1).shape, { 3, 2 })
  t.eq(x:permute(1, 0).shape, { 3, 2 })
  t.eq(torch.tensor({ 5 }):reshape({}).ndim, 0) -- an empty trailing table is a list, never keywords
end)

t.test("one int stands for a list of a fixed size", function()
  local image, kernel = torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3)
  t.eq(torch.conv2d(image, kernel, nil, 2).shape, { 1, 1, 2, 2 })
  t.eq(torch.conv2d(image, kernel, { padding = 1, stride = 2 }).shape, { 1, 1, 3, 3 })
  t.eq(torch.conv2d(image, kernel, { padding = "same" }).shape, { 1, 1, 5, 5 })
end)

t.test("lists of tensors", function()
  t.eq(torch.cat({ x, x }, 0).shape, { 4, 3 })
  t.eq(torch.stack({ x, x, x }).shape, { 3, 2, 3 })
end)

t.test("tables of names reach Lua's reserved words", function()
  t.eq(x:repeats(2, 1).shape, { 4, 3 })
  t.eq(x["repeat"](x, 2, 1).shape, { 4, 3 })
end)

t.test("numbers keep dtypes: an integral value is an int, float_scalar a float", function()
  local long = torch.arange(3)
  t.eq(long.dtype, "int64")
  t.eq((long + 1).dtype, "int64")
  t.eq((long + 1.5).dtype, "float32")
  t.eq(long:add(torch.float_scalar(2)).dtype, "float32")
  t.eq(torch.full({ 2 }, 1).dtype, "float32")
  t.eq(torch.ones(2).dtype, "float32")
  t.eq(torch.tensor({ 1, 2 }).dtype, "float32")
  t.eq(torch.tensor({ 1, 2 }, { dtype = "long" }).dtype, "int64")
  t.eq(torch.arange(0, 1, 0.25).dtype, "float32")
end)

t.test("dtypes by their other names", function()
  local dtypes = { float = "float32", double = "float64", f16 = "float16", bf16 = "bfloat16", long = "int64", bool = "bool" }
  for name, dtype in pairs(dtypes) do
    t.eq(torch.zeros(1, { dtype = name }).dtype, dtype)
  end
end)

t.test("int64 beyond 2^53 comes back on request", function()
  local big = torch.tensor(2 ^ 53, { dtype = "int64" }) + 1
  t.eq(tostring(big:item64()), "9007199254740993LL")
end)

t.test("operators that return nothing return nothing; foreach changes in place", function()
  local a, b = torch.ones(2), torch.ones(3)
  t.eq(select("#", torch._foreach_add_({ a, b }, 2)), 0)
  t.eq(a:totable(), { 3, 3 })
  t.eq(b:totable(), { 3, 3, 3 })
end)

t.test("out arguments by their own names", function()
  local values, indices = torch.empty(2), torch.empty(2, { dtype = "int64" })
  torch.max(x, 1, { max = values, max_values = indices })
  t.eq(values:totable(), { 3, 6 })
  local out = torch.empty(2, 3)
  torch.add(x, x, { out = out })
  t.eq(out:totable(), { { 6, 2, 4 }, { 12, 10, 8 } })
end)

t.test("operators of other namespaces, and bare ones", function()
  t.eq(torch.ops.aten.add(x, x):totable(), (x + x):totable())
  t.eq(torch.ops.aten.add.Tensor(x, x, { alpha = 2 })[0]:totable(), { 9, 3, 6 })
  t.raises(function() return torch.ops.atne end, "no namespace 'atne'")
end)

t.test("the same name chooses by its arguments", function()
  t.eq(x:min(torch.full({ 2, 3 }, 4)):totable(), { { 3, 1, 2 }, { 4, 4, 4 } })
  t.eq(x:pow(2)[0]:totable(), { 9, 1, 4 })
  t.eq(torch.pow(2, torch.tensor { 1, 2 }):totable(), { 2, 4 })
  t.eq(x:any():item(), true)
  t.eq(x:to("float64").dtype, "float64")
  t.eq(x:to("cpu", "int64").dtype, "int64")
end)

t.test("random numbers follow the seed", function()
  torch.manual_seed(7)
  local first = torch.rand(3):totable()
  torch.manual_seed(7)
  t.eq(torch.rand(3):totable(), first)
  t.ok(torch.rand(3):totable()[1] ~= first[1])
end)
