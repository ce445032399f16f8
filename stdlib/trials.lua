--- Trials side by side: each one a process of this program that runs one experiment and reports line by line.
--
-- A trial reports on its standard output, one line an event, fields separated by tabs: "progress TEXT" while it runs, at
-- the end "metric KEY VALUE" for each metric and "done RUN". Its standard error is kept and shown where it fails. Trials
-- are started in the order given; results stand at the place of their trial, whatever ended first.
local system = require "host.system"
local trial_process = require "trial_process"

local trials = {}

-- Takes the complete lines out of what a trial wrote so far.
local function listen(job, text)
  job.pending = (job.pending or "") .. text
  while true do
    local line, rest = job.pending:match "^([^\n]*)\n(.*)$"
    if not line then return end
    job.pending = rest
    local event, first, second = line:match "^(%l+)\t([^\t]*)\t?(.*)$"
    if event == "progress" then
      job.text = first
    elseif event == "metric" then
      job.metrics[#job.metrics + 1] = { first, tonumber(second) }
    elseif event == "done" then
      job.run = first
    end
  end
end

-- The last line that says something, for a failure in one line.
local function reason(text)
  local last
  for line in text:gmatch "[^\n]+" do
    if line:match "%S" and not last then last = line end
  end
  return last or "no message"
end

local Screen = {}
Screen.__index = Screen

-- One live line a running trial on a terminal; elsewhere a line when a trial starts, ends or fails.
local function screen(options)
  return setmetatable({ live = options.live, write = options.write, width = options.width or 100, drawn = 0 }, Screen)
end

function Screen:clear()
  if self.drawn > 0 then self.write(("\27[%dA\27[J"):format(self.drawn)) end
  self.drawn = 0
end

function Screen:say(text)
  self:clear()
  self.write(text .. "\n")
end

function Screen:draw(running)
  if not self.live then return end
  self:clear()
  for _, job in ipairs(running) do
    self.write((job.label .. "  " .. (job.text or "starting")):sub(1, self.width - 1) .. "\n")
  end
  self.drawn = #running
end

--- Runs trials, at most `jobs` at a time.
-- @param list of { label = text, command = { program, argument... } }
-- @param options { jobs = n, threads = of each trial, write = function(text), live = boolean, width = columns,
--   done = function(result) text to show for a finished trial, fatal = exit code after which no trial makes sense }
-- @return list of { code, metrics, run, seconds, reason, errors } in the order of `list`; and, where they did not all
--   run, "interrupted" or the result that was fatal
function trials.run(list, options)
  local results, running, next_job, stopped = {}, {}, 1, nil
  local view, last_drawn = screen(options), 0
  local before = system.on_interrupt "finish"
  while (next_job <= #list and not stopped) or #running > 0 do
    while not stopped and next_job <= #list and #running < options.jobs do
      local item = list[next_job]
      running[#running + 1] = { index = next_job, label = item.label, started = system.clock(), errors = "",
                                process = trial_process.start(item, options.threads), metrics = {} }
      next_job = next_job + 1
    end
    local handles = {}
    for i, job in ipairs(running) do handles[i] = job.process end
    trial_process.wait_any(handles, 0.2)
    for i = #running, 1, -1 do
      local job = running[i]
      local code = job.process:poll()
      job.errors = job.errors .. job.process:read_errors()
      listen(job, job.process:read())
      if code then
        table.remove(running, i)
        local result = { code = code, metrics = job.metrics, run = job.run, seconds = system.clock() - job.started,
                         label = job.label }
        if code ~= 0 then result.reason = code == 75 and "interrupted, its weights are saved" or reason(job.errors) end
        if code == 0 and not job.run then result.code, result.reason = 1, "the trial reported no result" end
        result.errors = job.errors
        results[job.index] = result
        if not stopped or code == 0 then view:say(options.done(result)) end
        if code == options.fatal and not stopped then
          stopped = result
          for _, other in ipairs(running) do other.process:kill "TERM" end
        end
      end
    end
    if not stopped and system.interrupts() > 0 then
      stopped = "interrupted"
      view:say("stopping the running trials")
      for _, job in ipairs(running) do job.process:kill "INT" end
    end
    if system.clock() - last_drawn > 0.2 then
      view:draw(running)
      last_drawn = system.clock()
    end
  end
  view:clear()
  system.on_interrupt(before)
  return results, stopped
end

return trials
