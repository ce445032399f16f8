--- The process of one trial, as trials.lua sees it: something that can be polled, read, written to and killed.
--
--     poll()         its exit code (128 + the signal where one ended it), or nil while it runs
--     read()         what it wrote on standard output since the last call; read_errors(): the same of standard error
--     write(text)    to its standard input; false where it no longer listens
--     kill(signal)   "INT" and "TERM" let it save and leave with exit code 75; "KILL" does not
--     pid()          of the process that trains
--
-- A trial of this program is given to a process that has run others before (trial_worker.lua) where one with the same
-- threads and environment is free, else a new one is started for it and for those to come. It takes one trial at a time:
-- a crash costs the trial that it ran. Any other command is a process of its own.
local system = require "host.system"
local trial_worker = require "trial_worker"

local trial_process = {}

--- Trials that one process runs before another takes its place.
trial_process.trials_each = 200

local free = {} -- key of threads and environment -> list of workers without a trial

-- Worker: { process, key, ran = trials }. Trial: { worker, output, errors, pending, code }

local function spawn(command, environment, input)
  local options = { own_group = true, environment = environment, input = input or false }
  for i, word in ipairs(command) do options[i] = word end
  return system.spawn(options)
end

-- The words of `moonlab run` where the command is a trial of this program, else nil.
local function words_of(command)
  if command[1] ~= system.executable() or command[2] ~= "run" then return nil end
  local words, is_trial = {}, false
  for i = 3, #command do
    words[#words + 1] = command[i]
    is_trial = is_trial or command[i] == "--trial"
  end
  return is_trial and words or nil
end

local function key_of(environment)
  local names = {}
  for name in pairs(environment) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = name .. "=" .. tostring(environment[name]) end
  return table.concat(names, "\0")
end

-- A free worker that listens, or a new one.
local function worker_for(environment)
  local key = key_of(environment)
  for i = #(free[key] or {}), 1, -1 do
    local worker = table.remove(free[key], i)
    if worker.process:poll() == nil then return worker end
  end
  local command = { system.executable(), "-e", "os.exit(require 'trial_worker'.serve())" }
  return { process = spawn(command, environment, true), key = key, ran = 0 }
end

local Trial = {}
Trial.__index = Trial

-- Takes what the worker wrote; its line "end" is not the trial's.
local function listen(self)
  if self.code then return end
  self.errors = self.errors .. self.worker.process:read_errors()
  self.pending = self.pending .. self.worker.process:read()
  while true do
    local line, rest = self.pending:match "^([^\n]*\n)(.*)$"
    if not line then return end
    self.pending = rest
    local code, more = line:match "^end\t(%d+)(.*)\n$"
    if code then
      self.errors = self.errors .. self.worker.process:read_errors()
      self.code = tonumber(code)
      self.worker.ran = self.worker.ran + 1
      if more == "" and self.worker.ran < trial_process.trials_each then
        free[self.worker.key] = free[self.worker.key] or {}
        table.insert(free[self.worker.key], self.worker)
      else
        self.worker.process:close_input()
      end
      return
    end
    self.output = self.output .. line
  end
end

function Trial:poll()
  if self.code then return self.code end
  local ended, signal = self.worker.process:poll()
  listen(self) -- after it was polled: all that it wrote is there
  if not self.code and ended then
    -- it says nothing of an end: it was killed, or it broke down
    self.output, self.pending = self.output .. self.pending, ""
    self.code, self.signal = ended ~= 0 and ended or 1, signal
  end
  return self.code, self.signal
end

function Trial:read()
  listen(self)
  local text = self.output
  self.output = ""
  return text
end

function Trial:read_errors()
  listen(self)
  local text = self.errors
  self.errors = ""
  return text
end

function Trial:write(text) return not self.code and self.worker.process:write(text) end
function Trial:kill(signal) return not self.code and self.worker.process:kill(signal) end
function Trial:pid() return self.worker.process:pid() end

--- Starts a trial.
-- @param item { command = { program, argument... }, environment = { NAME = value } or nil, input = true where it is
--   written to, fresh = true where it is to be a process of its own }
-- @param threads of the processor that it may use
function trial_process.start(item, threads)
  local environment = { OMP_NUM_THREADS = tostring(threads) }
  for name, value in pairs(item.environment or {}) do environment[name] = value end
  local words = not item.fresh and words_of(item.command)
  if not words then return spawn(item.command, environment, item.input) end
  local worker
  repeat worker = worker_for(environment) until worker.process:write(trial_worker.line(words)) or worker.ran == 0
  return setmetatable({ worker = worker, output = "", errors = "", pending = "" }, Trial)
end

--- Waits until one of them has ended or written something, at most `seconds`.
function trial_process.wait_any(processes, seconds)
  local handles = {}
  for i, process in ipairs(processes) do
    if getmetatable(process) ~= Trial then
      handles[i] = process
    elseif process.code or process.output ~= "" then
      return true
    else
      handles[i] = process.worker.process
    end
  end
  return system.wait_any(handles, seconds)
end

--- Lets the workers that wait for a trial end.
function trial_process.close()
  for key, workers in pairs(free) do
    for _, worker in ipairs(workers) do worker.process:close_input() end
    free[key] = nil
  end
end

return trial_process
