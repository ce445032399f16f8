-- The spec runner: counts, failures in full, crashes by name, exit code.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local function suite(files)
  local folder = system.temporary_folder "moonlab-suite"
  system.mkdir(folder .. "/tests/stdlib")
  system.mkdir(folder .. "/tests/cli")
  for name, text in pairs(files) do assert(system.write_atomic(folder .. "/tests/" .. name, text)) end
  return folder
end

local function run(folder, ...)
  return program.run { MOONLAB_ROOT .. "/tests/run.lua", "--root", folder, ... }
end

local good = 'local t = require "test"\nt.test("fine", function() t.eq(1, 1) end)\nt.test("later", function() t.skip "no data" end)\n'

t.test("counts are added up, with those of before", function()
  local folder = suite { ["stdlib/a.lua"] = good, ["cli/b.lua"] = good }
  local result = run(folder, "--passed", "10", "--skipped=1")
  t.eq(result.code, 0)
  t.eq(result.out:match "([^\n]*)\n$", "12 passed, 0 failed, 3 skipped")
  t.ok(result.out:find("skipped: later: no data", 1, true), result.out)
  result = run(folder, "b.lua")
  t.eq(result.out:match "([^\n]*)\n$", "1 passed, 0 failed, 1 skipped")
  t.eq(run(folder, "--failed", "1").code, 1)
  t.eq(run(folder, "nowhere").code, 2)
  system.remove(folder)
end)

t.test("a failure is printed in full and gives exit code 1", function()
  local folder = suite {
    ["stdlib/a.lua"] = good,
    ["stdlib/bad.lua"] = 'local t = require "test"\nt.test("sum", function() t.eq(1 + 1, 3) end)\n',
    ["stdlib/broken.lua"] = "local = 1\n",
  }
  local result = run(folder)
  t.eq(result.code, 1)
  t.eq(result.out:match "([^\n]*)\n$", "1 passed, 2 failed, 1 skipped")
  t.ok(result.out:find("bad.lua:2: sum: got 2, expected 3", 1, true), result.out)
  t.ok(result.out:find("broken.lua:1", 1, true), result.out)
  system.remove(folder)
end)

t.test("a crash is a failure that names the file and the signal", function()
  local folder = suite {
    ["stdlib/a.lua"] = good,
    ["stdlib/crash.lua"] = good .. "local s = require 'host.system'\ns.kill(s.pid(), 'KILL')\n",
    ["stdlib/gone.lua"] = good .. "os.exit(0)\n",
  }
  local result = run(folder)
  t.eq(result.code, 1)
  t.eq(result.out:match "([^\n]*)\n$", "1 passed, 2 failed, 1 skipped")
  t.ok(result.out:find("tests/stdlib/crash.lua: ended by signal KILL", 1, true), result.out)
  t.ok(result.out:find("tests/stdlib/gone.lua: ended with exit code 0 and no count", 1, true), result.out)
  system.remove(folder)
end)
