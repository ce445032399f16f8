--- The process of one trial, as trials.lua sees it: something that can be polled, read, written to and killed.
--
--     poll()         its exit code (128 + the signal where one ended it), or nil while it runs
--     read()         what it wrote on standard output since the last call; read_errors(): the same of standard error
--     write(text)    to its standard input; false where it no longer listens
--     kill(signal)   "INT" and "TERM" let it save and leave with exit code 75; "KILL" does not
--     pid()          of the process that trains
local system = require "host.system"

local trial_process = {}

--- Starts a trial.
-- @param item { command = { program, argument... }, environment = { NAME = value } or nil, input = true where it is
--   written to }
-- @param threads of the processor that it may use
function trial_process.start(item, threads)
  local environment = { OMP_NUM_THREADS = tostring(threads) }
  for name, value in pairs(item.environment or {}) do environment[name] = value end
  local spawn = { own_group = true, environment = environment, input = item.input or false }
  for i, word in ipairs(item.command) do spawn[i] = word end
  return system.spawn(spawn)
end

--- Waits until one of them has ended or written something, at most `seconds`.
function trial_process.wait_any(processes, seconds) return system.wait_any(processes, seconds) end

return trial_process
