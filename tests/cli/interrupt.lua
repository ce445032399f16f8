-- SIGINT and SIGTERM of a program that is no prompt.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

-- Starts the code and waits until it says that it runs.
local function start(code)
  local process = program.start { "-e", code }
  local limit, text = system.clock() + 20, ""
  while not text:find("running", 1, true) do
    if system.clock() > limit then error("did not start: " .. text .. process:read_errors()) end
    system.wait_any({ process }, 0.5)
    text = text .. process:read()
  end
  return process
end

-- It allocates, as real loops do: a compiled one that does not is left by the second signal (below).
local lua_loop = "io.write('running\\n') io.flush() local n, t = 0, {} while true do n = n + 1 t[n % 100] = 'x' .. n end"
local operator_loop = "local x = torch.zeros(2) io.write('running\\n') io.flush() while true do x:add_(1) end"
local waiting = "local s = require 'host.system' io.write('running\\n') io.flush() "
  .. "s.spawn({ 'sleep', '60' }):wait() io.write('woken\\n') s.sleep(60)"

for name, code in pairs { ["a Lua loop"] = lua_loop, ["an operator loop"] = operator_loop } do
  t.test(name .. " stops at the first signal, with 130 or 143", function()
    for signal, expected in pairs { INT = 130, TERM = 143 } do
      local process = start(code)
      process:kill(signal)
      local result = program.finish(process)
      t.eq(result.code, expected)
      t.eq(result.signal, nil)
      t.eq(result.err, "interrupted\n")
    end
  end)
end

t.test("a wait for a process ends early", function()
  local process = start(waiting)
  process:kill "INT"
  local result = program.finish(process)
  t.eq(result.code, 130)
end)

t.test("a loop that does not react is left by the second signal", function()
  for signal, expected in pairs { INT = 130, TERM = 143 } do
    local process = start "io.write('running\\n') io.flush() while true do end"
    system.sleep(0.2)
    process:kill(signal)
    t.eq(process:wait(0.5), nil)
    process:kill(signal)
    t.eq(program.finish(process).code, expected)
  end
end)

-- What the training loop does: looks at the flag between two steps, saves, leaves with 75.
local run = [[
local system = require "host.system"
system.on_interrupt "finish"
io.write "running\n" io.flush()
local x, steps = torch.zeros(2), 0
while system.interrupts() == 0 do
  for _ = 1, 100000 do x:add_(1) end
  steps = steps + 1
end
io.write(x[0]:item() == steps * 100000 and "whole steps\n" or "a torn step\n")
os.exit(75)
]]

t.test("a run finishes its step and leaves with 75, for SIGINT and SIGTERM", function()
  for _, signal in ipairs { "INT", "TERM" } do
    local process = start(run)
    process:kill(signal)
    local result = program.finish(process)
    t.eq(result.out, "whole steps\n")
    t.eq(result.code, 75)
  end
end)

t.test("a second signal leaves a run at once", function()
  for signal, expected in pairs { INT = 130, TERM = 143 } do
    local process = start "require 'host.system'.on_interrupt 'finish' io.write('running\\n') io.flush() while true do end"
    process:kill(signal)
    t.eq(process:wait(0.5), nil)
    process:kill(signal)
    t.eq(program.finish(process).code, expected)
  end
end)

t.test("USR1, a scheduler's warning: a run saves, and a signal that follows is still the first", function()
  local process = start(run)
  process:kill "USR1"
  process:kill "TERM"
  local result = program.finish(process)
  t.eq({ result.out, result.code }, { "whole steps\n", 75 })
  process = start "io.write('running\\n') io.flush() while true do end" -- what saves nothing is left at once
  process:kill "USR1"
  t.eq(program.finish(process).code, 138)
end)
