-- The program as a process, for specs of the command line: run it and look at what it prints and how it ends, or sit at
-- its prompt.
--
--     local program = require "tests.program"
--     local result = program.run { "-e", "print(1)" }            -- { code = 0, out = "1\n", err = "" }
--     local result = program.run { "run", "x.lua", input = "text", directory = folder, environment = { A = "b" } }
--     local session = program.prompt {}                          -- a terminal of its own
--     session:send "1 + 1\n"
--     session:expect "2"
local system = require "host.system"

local program = {}

local limit = 120 -- seconds a program may take

local function options_of(o)
  local spawn = { system.executable(), directory = o.directory or MOONLAB_ROOT, environment = o.environment or {} }
  -- What the tests print into, or where runs go, must not be the user's.
  spawn.environment.MOONLAB_HOME = spawn.environment.MOONLAB_HOME or o.home
  for i, word in ipairs(o) do spawn[i + 1] = word end
  return spawn
end

--- Starts the program and leaves it running; `process` as of host.system.
function program.start(o)
  local spawn = options_of(o)
  spawn.input = o.input ~= nil
  return system.spawn(spawn)
end

--- Waits for a started program: { code, signal, out, err }.
function program.finish(process)
  local code, signal = process:wait(limit)
  if not code then
    process:kill "KILL"
    process:wait(5)
    error(("the program did not end within %d s; it printed:\n%s%s"):format(limit, process:read(), process:read_errors()), 2)
  end
  return { code = code, signal = signal, out = process:read(), err = process:read_errors() }
end

--- Runs the program to its end.
function program.run(o)
  local process = program.start(o)
  if o.input then
    process:write(o.input)
    process:close_input()
  end
  return program.finish(process)
end

local Session = {}
Session.__index = Session

--- A prompt on a terminal of its own, in an empty MOONLAB_HOME unless one is given.
function program.prompt(o)
  o.home = o.home or system.temporary_folder "moonlab-home"
  local spawn = options_of(o)
  spawn.terminal = true
  spawn.environment.TERM = "xterm"
  spawn.environment.COLUMNS = false
  local session = setmetatable({ process = system.spawn(spawn), text = "", home = o.home }, Session)
  session:expect "> "
  return session
end

--- Types.
function Session:send(text) self.process:write(text) end

--- Waits until `text` (plain) appears after what was expected before; returns what came in between.
function Session:expect(text, seconds)
  local until_time = system.clock() + (seconds or 20)
  while true do
    self.text = self.text .. self.process:read()
    local first, last = self.text:find(text, 1, true)
    if first then
      local between = self.text:sub(1, first - 1)
      self.text = self.text:sub(last + 1)
      return between
    end
    if system.clock() > until_time or (self.process:poll() and self.process:read() == "") then
      error(("no %q at the prompt; it printed %q"):format(text, self.text), 2)
    end
    system.wait_any({ self.process }, 0.2)
  end
end

--- Types a line and waits for `text`.
function Session:ask(line, text)
  self:send(line .. "\n")
  self:expect "\n" -- the echo of what was typed
  return self:expect(text)
end

--- Waits for the end; gives the exit code.
function Session:wait(seconds) return (self.process:wait(seconds or 20)) end

function Session:close()
  self.process:kill "KILL"
  self.process:wait(5)
end

--- A new folder with the given files (name -> text); the caller removes it.
function program.folder(files)
  local folder = system.temporary_folder "moonlab-test"
  for name, text in pairs(files) do assert(system.write_atomic(folder .. "/" .. name, text)) end
  return folder
end

return program
