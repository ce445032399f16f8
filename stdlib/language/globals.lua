--- The global names that a compiled function uses, found in its bytecode: the compiler itself has told locals from
-- globals, in every branch and inner function, run or not.

local globals = {}

local loaded, jutil = pcall(require, "jit.util")
local bit = require "bit"

-- The numbers of the instructions are learnt from code that is known to hold them: they differ between versions.
local function probe(code, name)
  local fn = loadstring(code)
  for pc = 1, 20 do
    local instruction = jutil.funcbc(fn, pc)
    if not instruction then break end
    local constant = jutil.funck(fn, -bit.rshift(instruction, 16) - 1)
    if (name and constant == name) or (not name and type(constant) == "proto") then
      return bit.band(instruction, 0xff)
    end
  end
end

local get = loaded and probe("return some_probe", "some_probe")
local set = loaded and probe("some_probe = 1", "some_probe")
local new = loaded and probe("return function() end", nil)

--- Calls visit(name, line, assigned) for each use of a global in `fn` and in the functions within it.
function globals.visit(fn, visit)
  if not (get and set and new) then return end
  local pc = 1
  while true do
    local instruction = jutil.funcbc(fn, pc)
    if not instruction then return end
    local operation = bit.band(instruction, 0xff)
    if operation == get or operation == set then
      local name = jutil.funck(fn, -bit.rshift(instruction, 16) - 1)
      visit(name, jutil.funcinfo(fn, pc).currentline, operation == set)
    elseif operation == new then
      globals.visit(jutil.funck(fn, -bit.rshift(instruction, 16) - 1), visit)
    end
    pc = pc + 1
  end
end

return globals
