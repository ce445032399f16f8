-- The memory governor: garbage of tensors never piles up, whatever else the Lua heap holds. Measured in processes of
-- their own, because resident memory never shrinks to order.
local t = require "test"
local program = require "tests.program"

local loop = [[
for i = 1, 300 do
  local a = torch.ones(1024, 1024)
  local b = a * 2
  local c = b + a
  local d = c:sin()
  local e = d:exp() + c["0:512"]:sum()
end
local _, peak = require("host.system").resident()
print(peak / 1e6)
]]

local function peak(code)
  local result = program.run { "-e", code }
  t.eq(result.err, "")
  t.eq(result.code, 0)
  return tonumber(result.out)
end

t.test("300 iterations with five 4 MB temporaries stay under 450 MB resident", function()
  local resident = peak(loop)
  t.ok(resident < 450, resident .. " MB")
end)

t.test("also beside a million Lua tables", function()
  local resident = peak("local held = {} for i = 1, 1e6 do held[i] = { i } end\n" .. loop .. "\nassert(#held == 1e6)")
  t.ok(resident < 450, resident .. " MB")
end)

t.test("also with gradients", function()
  local resident = peak([[
    local w = torch.ones(1024, 1024, { requires_grad = true })
    for i = 1, 100 do
      local y = ((w * 2):sin() * w):sum()
      y:backward()
    end
    local _, peak = require("host.system").resident()
    print(peak / 1e6)]])
  t.ok(resident < 450, resident .. " MB")
end)

t.test("a scope holds a loop at its own size", function()
  local resident = peak([[
    for i = 1, 300 do scope(function() local a = torch.ones(1024, 1024) local b = a * 2 + a end) end
    local _, peak = require("host.system").resident()
    print(peak / 1e6)]])
  t.ok(resident < 200, resident .. " MB")
end)

t.test("the prompt is under 140 MB resident", function()
  local resident = peak "local x = torch.ones(2, 2) x:sum() print((require('host.system').resident()) / 1e6)"
  t.ok(resident < 140, resident .. " MB")
end)
