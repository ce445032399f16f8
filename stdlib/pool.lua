--- A pool of trials on this machine: so many processes at a time as there are jobs, taken from a queue that may grow
-- and wait while it is worked off.
--
-- A trial reports on its standard output, one line an event, fields separated by tabs:
--     run RUN                    its run, once there is one
--     progress TEXT              while it runs
--     reading EPOCH KEY VALUE    a metric that was measured while it trains
--     rung EPOCH                 it waits there for a line on its standard input: "go", or "stop" or "pause" with
--                                which it leaves (pool: job:answer "go")
--     metric KEY VALUE           for each metric at the end
--     done RUN                   the last line
-- Its standard error is kept and shown where it fails.
local system = require "host.system"
local trial_process = require "trial_process"
local trial_screen = require "trial_screen"

local Job = {}
Job.__index = Job

local pool = {}

-- The last line that says something, for a failure in one line.
local function reason(text)
  local last
  for line in text:gmatch "[^\n]+" do
    if line:match "%S" and not last then last = line end
  end
  return last and last:gsub("^%-e:%d+: ", "") or "no message"
end

local function start(item, threads)
  return setmetatable({ item = item, label = item.label, started = system.clock(), errors = "", metrics = {},
                        pending = "", rested = 0, process = trial_process.start(item, threads), peak = 0 }, Job)
end

--- Lets a trial that waits at a rung go on ("go") or leave ("stop", "pause").
function Job:answer(word)
  if self.resting then self.rested = self.rested + system.clock() - self.resting_since end
  self.resting = nil
  self.answered = word
  self.process:write(word .. "\n")
end

-- Takes the complete lines out of what a trial wrote so far.
function Job:listen(queue)
  self.errors = self.errors .. self.process:read_errors()
  self.pending = self.pending .. self.process:read()
  while true do
    local line, rest = self.pending:match "^([^\n]*)\n(.*)$"
    if not line then return end
    self.pending = rest
    local event, first, second = line:match "^(%l+)\t([^\t]*)\t?(.*)$"
    if event == "progress" then
      self.text = first
    elseif event == "metric" then
      self.metrics[#self.metrics + 1] = { first, tonumber(second) }
    elseif event == "run" then
      self.began = first
    elseif event == "done" then
      self.run = first
    elseif event == "reading" then
      local key, value = second:match "^([^\t]*)\t(.*)$"
      if key and queue.reading then queue:reading(self, tonumber(first), key, tonumber(value)) end
    elseif event == "rung" then
      self.resting, self.resting_since = tonumber(first), system.clock()
      if queue.rung then queue:rung(self, self.resting) else self:answer "go" end
    end
  end
end

-- The most memory that the process of a trial has held so far, in bytes; 0 where the system does not tell.
function Job:measure()
  local file = io.open(("/proc/%d/status"):format(self.process:pid()))
  if not file then return end
  local peak = file:read "*a":match "VmHWM:%s*(%d+) kB"
  file:close()
  self.peak = math.max(self.peak, (tonumber(peak) or 0) * 1024)
end

-- Seconds that it has worked; what it waited at rungs is not its time.
function Job:seconds() return system.clock() - self.started - self.rested end

-- Is it over time? Asked to save and leave first, killed ten seconds later.
function Job:check_time(limit)
  local taken = self:seconds()
  if limit and taken > limit then
    if not self.late then self.process:kill "INT" elseif taken > self.late + 10 then self.process:kill "KILL" end
    self.late = self.late or taken
  end
end

function Job:result(code)
  local result = { code = code, metrics = self.metrics, run = self.run, seconds = self:seconds(),
                   label = self.label, errors = self.errors, peak = self.peak, late = self.late ~= nil or nil,
                   answered = self.answered, item = self.item, began = self.began }
  if code ~= 0 then result.reason = code == 75 and "interrupted, its weights are saved" or reason(self.errors) end
  if code == 0 and not self.run then result.code, result.reason = 1, "the trial reported no result" end
  return result
end

--- Works off a queue.
-- @param queue an object with
--   take(self) -> { label, command, input, environment } to start now, or nil
--   open(self) -> true while there may be more to take
--   ended(self, job, result): a trial has ended; result = { code, metrics, run, seconds, label, reason, errors, peak,
--     late = true where it was out of time, answered = the last answer at a rung, began = its run, finished or not }
--   started(self, job), reading(self, job, epoch, key, value), rung(self, job, epoch): where it has them
--   tick(self): about five times a second, where it has one
-- @param options { jobs, threads = of each trial, write, live, width, timeout = seconds or nil, measure = boolean }
-- @return "interrupted", or what pool:stop was given, or nil
function pool.run(queue, options)
  local self = { running = {}, view = trial_screen.new(options), queue = queue }
  local stopped, last_drawn, last_measured = nil, 0, 0
  local before = system.on_interrupt "finish"

  local function working()
    local count = 0
    for _, job in ipairs(self.running) do count = count + (job.resting and 0 or 1) end
    return count
  end

  --- Starts nothing more; the running trials save and leave.
  function self.stop(why)
    if stopped then return end
    stopped, self.stopped = why, why
    for _, job in ipairs(self.running) do
      if job.resting then job:answer "pause" else job.process:kill "TERM" end
    end
  end

  queue.pool = self
  local done, failure = xpcall(function()
    while (not stopped and queue:open()) or #self.running > 0 do
      while not stopped and working() < options.jobs do
        local item = queue:take()
        if not item then break end
        local job = start(item, options.threads)
        self.running[#self.running + 1] = job
        if queue.started then queue:started(job) end
      end
      local handles = {}
      for i, job in ipairs(self.running) do handles[i] = job.process end
      if #handles > 0 then
        trial_process.wait_any(handles, 0.2)
      elseif not stopped and queue:open() then
        system.sleep(0.05)
      end
      local now = system.clock()
      local look = options.measure and now - last_measured > 0.25
      if look then last_measured = now end
      for i = #self.running, 1, -1 do
        local job = self.running[i]
        if look then job:measure() end
        local code = job.process:poll()
        job:listen(queue)
        if code then
          table.remove(self.running, i)
          queue:ended(job, job:result(code))
        elseif not job.resting then
          job:check_time(options.timeout)
        end
      end
      if queue.tick then queue:tick() end
      if not stopped and system.interrupts() > 0 then
        self.view:say "stopping the running trials"
        self.stop "interrupted"
      end
      if system.clock() - last_drawn > 0.2 then
        self.view:draw(self.running)
        last_drawn = system.clock()
      end
    end
  end, function(message) return type(message) == "table" and message or debug.traceback(tostring(message), 2) end)
  self.view:clear()
  system.on_interrupt(before)
  if not done then
    for _, job in ipairs(self.running) do job.process:kill "TERM" end
    error(failure, 0)
  end
  return stopped
end

return pool
