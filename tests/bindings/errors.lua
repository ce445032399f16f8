-- Errors: located, with the operator's signature and what it was called with; never a backtrace of C++.
local t = require "test"

local function message(fn)
  local done, text = pcall(fn)
  t.ok(not done, "an error was expected")
  t.ok(not text:find("frame #", 1, true) and not text:find("Exception raised from", 1, true), text)
  return text
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

t.test("file and line of the script, not of the host or the library", function()
  local line = debug.getinfo(1, "l").currentline + 1
  local text = message(function() torch.ones(2, 3):matmul(torch.ones(2, 3)) end)
  has(text, "tests/bindings/errors.lua:" .. line .. ": matmul: ", "2x3 and 2x3")
end)

t.test("also where a function of the library stands between", function()
  local line = debug.getinfo(1, "l").currentline + 1
  has(message(function() torch.tensor { 1, "two" } end), "tests/bindings/errors.lua:" .. line .. ": torch.tensor")
end)

t.test("the signature and the arguments' dtypes, shapes and devices", function()
  local text = message(function() torch.ones(2, 3):matmul(torch.ones(4, { dtype = "float64" }):view(2, 2)) end)
  has(text, "matmul(Tensor self, Tensor other)", "float32[2, 3] cpu", "float64[2, 2] cpu")
end)

t.test("no overload fits: each signature with its reason", function()
  local text = message(function() torch.ones(2):add("three") end)
  has(text, "add", "Tensor", "Scalar")
end)

t.test("a misspelt keyword names the nearest", function()
  has(message(function() torch.ones(2):sum(0, { keepdims = true }) end), "keepdims", "keepdim")
end)

t.test("a misspelt dtype or device says so", function()
  has(message(function() torch.ones(2, { dtype = "flaot32" }) end), "flaot32")
  has(message(function() torch.ones(2, { device = "gpu" }) end), "gpu")
end)

t.test("a missing argument names it", function() has(message(function() torch.ones(2):matmul() end), "other") end)

t.test("an error inside a callback of backward keeps its text", function()
  local x = torch.ones(2, { requires_grad = true })
  x:register_hook(function() error("in the hook", 0) end)
  has(message(function() x:sum():backward() end), "in the hook")
  t.eq(torch.ones(1):item(), 1) -- the state is usable
end)

t.test("errors pass through no_grad, scopes and coroutines, and leave the modes as they were", function()
  has(message(function() torch.no_grad(function() error("inside", 0) end) end), "inside")
  t.eq(torch.is_grad_enabled(), true)
  has(message(function() scope(function() error("scoped", 0) end) end), "scoped")
  local co = coroutine.create(function() torch.ones(2, 3):matmul(torch.ones(2, 3)) end)
  local done, text = coroutine.resume(co)
  t.eq(done, false)
  has(text, "2x3 and 2x3")
end)

t.test("a thousand errors leak nothing and cost nothing", function()
  local x = torch.ones(2, 3)
  for _ = 1, 1000 do pcall(x.matmul, x, x) end
  collectgarbage()
  local before = memory().live
  for _ = 1, 1000 do pcall(x.matmul, x, x) end
  collectgarbage()
  t.eq(memory().live, before)
end)

t.test("long signatures are broken between arguments, within 80 columns", function()
  local message = t.raises(function() torch.conv2d(torch.ones(2, 3), 1) end, "'weight' must be a tensor")
  for line in tostring(message):gmatch "[^\n]+" do t.ok(#line <= 80, line) end
  t.ok(tostring(message):find("SymInt[2] stride=[1, 1]", 1, true))
end)

t.test("numbers that a dtype does not hold are refused; negative ones wrap in unsigned dtypes", function()
  t.raises(function() torch.tensor({ 300 }, { dtype = "uint8" }) end, "300 does not fit uint8 %(0 to 255%)")
  t.raises(function() torch.tensor(200, { dtype = "int8" }) end, "%-128 to 127")
  t.eq(torch.tensor(-1, { dtype = "uint8" }):item(), 255)
end)
