-- The ablations of joined datasets: every row builds and runs a batch.
local t = require "test"
local system = require "host.system"

t.test("every row of scripts/ablations/joining.lua builds", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  local process = system.spawn { system.executable(), "check", MOONLAB_ROOT .. "/scripts/ablations/joining.lua",
                                 environment = { OMP_NUM_THREADS = "1" } }
  local code = process:wait(300)
  local out, err = process:read(), process:read_errors()
  t.eq(code, 0, err)
  local rows = select(2, out:gsub("[^\n]+\n", "")) -- one of JSON each
  t.ok(rows > 20, out)
end)
