-- moonlab bench: what there is to measure, and one measurement by its name.
local t = require "test"
local program = require "tests.program"

t.test("without a name every measurement is told, with what it takes", function()
  local result = program.run { "bench" }
  t.eq(result.code, 0)
  t.ok(result.out:find("balance [PYTHON [threads]]\n    A training step of a mixture", 1, true), result.out)
  for line in result.out:gmatch "[^\n]+" do t.ok(#line <= 80, line) end
end)

t.test("a wrong name is answered with the right one", function()
  local result = program.run { "bench", "balanec" }
  t.eq(result.code, 2)
  t.ok(result.err:find("no measurement 'balanec'; did you mean 'balance'?", 1, true), result.err)
end)

t.test("a measurement runs, and its exit code is the command's", function()
  local result = program.run { "bench", "networks" } -- it needs a Python
  t.eq(result.code, program.run({ "tests/bench/networks.lua" }).code)
  t.ok(result.code ~= 0 and result.err:find("ython", 1, true), result.err)
end)
