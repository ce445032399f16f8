--- Runs what a tuner asks for: a queue for the pool (pool.lua) whose trials come from a partner (lines.lua,
-- optuna.lua).
local axes = require "sweep.axes"
local order = require "language.order"
local pool = require "pool"
local record = require "sweep.record"
local runner = require "runner"
local system = require "host.system"

local Session = {}
Session.__index = Session

local session = {}

local function finite(value) return type(value) == "number" and value == value and math.abs(value) < math.huge end

local function plain(value)
  if type(value) ~= "table" then return type(value) == "number" or type(value) == "string" or type(value) == "boolean" end
  for key, item in pairs(value) do
    if type(key) ~= "number" or type(item) == "table" or not plain(item) then return false end
  end
  return true
end

-- The overrides that the parameters of a trial mean; nil where a value is none.
local function overrides_of(self, message)
  local words = { unpack(self.overrides) }
  for _, key in ipairs(order.keys(message.params)) do
    local value = message.params[key]
    if type(key) ~= "string" or not plain(value) then return nil end
    words[#words + 1] = axes.override(key, value)
  end
  if type(message.seed) == "number" then words[#words + 1] = "seed=" .. order.number(message.seed) end
  return words
end

-- The last line of a mistake, without the place, which is none of the tuner's.
local function brief(mistakes)
  return (mistakes:match "^[^\n]*":gsub("^override '[^']*': ", ""))
end

function Session:tell(trial, result)
  result.id, result.params = trial.id, type(trial.params) == "table" and next(trial.params) and trial.params or nil
  if #trial.course > 0 then result.intermediate = trial.course end
  self.partner:send(result)
  self.told = self.told + 1
  self.counts[result.state] = (self.counts[result.state] or 0) + 1
  self.best = result.state == "complete" and finite(result.value)
    and (not self.best or (self.mode == "max") == (result.value > self.best.value) and result.value ~= self.best.value)
    and { value = result.value, trial = trial, run = result.run } or self.best
  if self.say then self.say(trial, result) end
end

-- A trial that the script itself refuses is answered at once.
local function admit(self, message)
  local trial = { id = message.id, params = message.params, course = {} }
  if trial.id == nil then
    self.last = self.last + 1
    trial.id = self.last
  elseif type(trial.id) == "number" then
    self.last = math.max(self.last, trial.id)
  end
  self.asked = math.max(self.asked - 1, 0)
  self.taken = self.taken + 1
  if type(message.params) ~= "table" then
    return self:tell(trial, { state = "failed", error = "params must be a table of names and values" })
  end
  local words = overrides_of(self, message)
  if not words then
    return self:tell(trial, { state = "failed", error = "params: a name has a number, a text, true, false or a list of such" })
  end
  local experiment, mistakes = runner.evaluate(self.file, words, { base = true })
  if not experiment then return self:tell(trial, { state = "failed", error = brief(mistakes) }) end
  local labels = {}
  for _, key in ipairs(order.keys(message.params)) do labels[#labels + 1] = axes.override(key, message.params[key]) end
  trial.label = #labels > 0 and table.concat(labels, " ") or "as it is"
  -- rung 0 never comes: it tells its readings and goes on
  trial.command = { system.executable(), "run", "--trial", "--rungs=0", self.file }
  if self.smoke then trial.command[#trial.command + 1] = "--smoke" end
  for _, word in ipairs(words) do trial.command[#trial.command + 1] = word end
  self.waiting[#self.waiting + 1] = { label = trial.label, command = trial.command, trial = trial }
end

local function stop(self, id)
  for _, job in ipairs(self.pool and self.pool.running or {}) do
    if job.item.trial.id == id then
      job.item.trial.stopped = true
      job.process:kill "TERM"
    end
  end
  for i, item in ipairs(self.waiting) do
    if item.trial.id == id then
      table.remove(self.waiting, i)
      return self:tell(item.trial, { state = "pruned" })
    end
  end
end

-- Asks for as many trials as may start, and reads what was said.
local function listen(self)
  local room = self.jobs - #(self.pool and self.pool.running or {}) - #self.waiting - self.asked
  while self.partner.asks and not self.finished and room > 0 and self.taken + self.asked < self.limit do
    self.asked, room = self.asked + 1, room - 1
    self.partner:send { ask = self.taken + self.asked }
  end
  for _, message in ipairs(self.partner:messages()) do
    if message.done then
      self.finished = true
    elseif message.stop ~= nil then
      stop(self, message.stop)
    elseif message.params ~= nil then
      if self.taken < self.limit then
        admit(self, message)
      else
        self:tell({ id = message.id, params = message.params, course = {} },
          { state = "failed", error = ("these are more than -n %d trials")
          :format(self.limit) })
      end
    elseif not message.error then
      self.partner:send { error = "a line has \"params\", \"stop\" or \"done\"" }
    end
  end
  if self.partner.ended or self.taken >= self.limit then self.finished = true end
end

-- Queue of the pool ---------------------------------------------------------------------------------------------------

function Session:open()
  listen(self)
  return not self.finished or #self.waiting > 0
end

function Session:take()
  if #self.waiting == 0 then listen(self) end
  return table.remove(self.waiting, 1)
end

function Session:tick() listen(self) end

function Session:reading(job, epoch, key, value)
  if not finite(value) then return end
  if key == self.metric then table.insert(job.item.trial.course, { epoch, value }) end
  self.partner:send { id = job.item.trial.id, state = "running", epoch = epoch, values = { [key] = value } }
end

function Session:ended(job, result)
  local trial = job.item.trial
  local told = { run = result.run, seconds = result.seconds }
  if result.code == 0 then
    local host_run, values = require "host.run", {}
    local opened, run = pcall(host_run.open, runner.store(), result.run)
    local known = opened and record.last_values(run:metrics()) or {}
    for _, pair in ipairs(result.metrics) do known[pair[1]] = pair[2] end
    for key, value in pairs(known) do values[key] = finite(value) and value or nil end
    told.state, told.values, told.value = "complete", next(values) and values or nil, values[self.metric]
    if not told.value then told.state, told.error = "failed", ("it has no value of '%s'"):format(self.metric) end
  elseif trial.stopped then
    told.state = "pruned"
  else
    told.state = result.code == 3 and "diverged" or "failed"
    told.error, told.code = result.reason, result.code
  end
  self:tell(trial, told)
end

--- Runs trials until the tuner is done.
-- @param o { file, overrides, partner, metric, mode, jobs, limit, smoke, threads, write, live, width,
--   say = function(trial, result) or nil }
-- @return the session { counts, best = { value, trial, run } or nil, told }, and "interrupted" or nil
function session.run(o)
  local self = setmetatable({ waiting = {}, asked = 0, taken = 0, told = 0, last = 0, counts = {} }, Session)
  for key, value in pairs(o) do self[key] = value end
  self.limit = o.limit or math.huge
  local stopped = pool.run(self, { jobs = o.jobs, threads = o.threads, write = o.write, live = o.live,
    width = o.width })
  return self, stopped
end

return session
