--- Works off the trials of a plan: claims, starts, judges and writes down; killed at any moment and started again it
-- goes on where it was. The truth is the journal and the runs; what is held here can be made from them.
--
-- A piece of work is a configuration: trials that come to the same one share it. Its state is
--     open       to be run               running   its process runs, or waits at a rung
--     elsewhere  another coordinator's   orphan    a process of a killed coordinator still saves
--     paused     at a rung, saved        done, failed, pruned
local claims = require "sweep.claims"
local continuation = require "continuation"
local ending = require "sweep.ending"
local host_run = require "host.run"
local journal = require "sweep.journal"
local liveness = require "liveness"
local memory = require "sweep.memory"
local pool = require "pool"
local processors = require "sweep.processors"
local pruning = require "sweep.pruning"
local record = require "sweep.record"
local resume = require "resume"
local searching = require "sweep.searching"
local system = require "host.system"
local trial_process = require "trial_process"

local Coordinator = {}
Coordinator.__index = Coordinator

local coordinator = {}

local settled = { done = true, failed = true, pruned = true }

-- Works of trials that are not known yet, and what the journal or the store says of them.
local function admit(self, trials)
  for _, trial in ipairs(trials) do
    local work = self.by_hash[trial.hash]
    if not work then
      work = { hash = trial.hash, trial = trial, cell = trial.cell, state = "open", crashes = 0, readings = {} }
      self.by_hash[trial.hash] = work
      self.works[#self.works + 1] = work
      local said, run = self.fold.trials[trial.hash] or {}, not self.force and self.finished[trial.hash]
      work.batch = said.batch
      for epoch, value in pairs(said.readings or {}) do work.readings[epoch] = value end
      if self.force and said.state ~= "done" then run = nil end
      if said.state == "done" and said.run and system.stat(self.store .. "/" .. said.run .. "/config.json") then
        work.state, work.run = "done", said.run
      elseif run then
        work.state, work.run = "done", run.id
        if run.code_id ~= self.code_id then self.other_code = self.other_code + 1 end
        self.journal:write("done", work.hash, run.id)
      elseif said.state == "pruned" then
        work.state, work.epoch = "pruned", said.epoch
      end
      if work.state == "done" then self.there = self.there + 1 end
      local unfinished = self.unfinished[trial.hash]
      if work.state == "open" and not work.batch and unfinished then work.unfinished = unfinished.id end
    end
    trial.work = work
  end
end

-- Has somebody else finished this one meanwhile?
local function look_again(self, work)
  self.finished = continuation.finished(self.store)
  local run = not self.force and self.finished[work.hash]
  if not run then
    local unfinished = not self.force and not work.batch and resume.unfinished(self.store)[work.hash]
    work.unfinished = unfinished and unfinished.id or work.unfinished
    return false
  end
  work.state, work.run = "done", run.id
  self.journal:write("done", work.hash, run.id)
  return true
end

-- The claim on a piece of work: true where it is ours and no process of a killed coordinator is still at it.
local function claim(self, work)
  if work.claimed then return true end
  local ours, before = claims.take(self.directory .. "/claims", work.hash:sub(1, 24), self.mark)
  if not ours then
    work.state = "elsewhere"
    return false
  end
  work.claimed = true
  local said = self.fold.trials[work.hash]
  if before > 0 and said and said.mark and said.mark.began ~= "" and not liveness.gone(said.mark) then
    work.state, work.orphan, work.since = "orphan", said.mark, system.clock()
    return false
  end
  if before > 0 and look_again(self, work) then return false end
  return true
end

-- An unfinished run goes on from its checkpoint, anything else begins.
local function command_of(self, work)
  local rungs = self.pruning and "--rungs=" .. table.concat(self.pruning.rungs, ",") or nil
  if work.unfinished then return { system.executable(), "resume", "--trial", work.unfinished, rungs } end
  local command = { system.executable(), "run", "--trial", "--sweep=" .. self.id, self.plan.file }
  if self.options.smoke then command[#command + 1] = "--smoke" end
  if rungs then command[#command + 1] = rungs end
  for _, word in ipairs(work.trial.overrides) do command[#command + 1] = word end
  if work.batch then command[#command + 1] = "data.batch=" .. work.batch end
  return command
end

local function running_of(self)
  local list = {}
  for i, job in ipairs(self.pool.running) do
    list[i] = { cell = job.item.work.cell, peak = job.peak, resting = job.resting ~= nil,
                age = system.clock() - job.started }
  end
  return list
end

-- Queue of the pool ---------------------------------------------------------------------------------------------------

function Coordinator:open()
  if self.fatal then return false end
  if self.searching and self.searching:more() then return true end
  for _, work in ipairs(self.works) do
    if not settled[work.state] then return true end
  end
  return false
end

function Coordinator:take()
  for _, wanted in ipairs { "paused", "open" } do
    for _, work in ipairs(self.works) do
      local ready = work.state == wanted and (wanted == "open" or self.pruning:may_go_on(work))
      if ready and not (work.later and system.clock() < work.later) then
        if not self.memory:fits(work.cell, running_of(self)) then
          if self.pruning then self.pruning:make_room() end
          return nil
        end
        if claim(self, work) then
          work.state, work.waits = "running", nil
          local item = { label = work.trial.label, work = work, command = command_of(self, work),
                         input = self.pruning ~= nil }
          return processors.pin(self.slots, self.pool.running, item)
        end
      end
    end
  end
end

local function written_begun(self, work, pid)
  local mark = liveness.mark(pid)
  self.journal:write("start", work.hash, mark.pid, mark.began or "", mark.boot or "", mark.host)
end

function Coordinator:started(job) written_begun(self, job.item.work, job.process:pid()) end

function Coordinator:reading(job, epoch, key, value)
  if self.pruning then self.pruning:reading(job.item.work, epoch, key, value) end
end

function Coordinator:rung(job, epoch)
  local work = job.item.work
  work.job = job
  job:measure()
  self.memory:saw(work.cell, job.peak)
  if self.pruning then self.pruning:reached(work, epoch) else job:answer "go" end
end

local function count(self)
  local finished = 0
  for _, work in ipairs(self.works) do finished = finished + (settled[work.state] and 1 or 0) end
  return finished
end

function Coordinator:say(work, text, seconds)
  if not self.pool then return end -- what was found at the start
  self.pool.view:say(("%d/%d  %s  %s%s"):format(count(self), self.plan:total() - (#self.plan.trials - #self.works),
    work.trial.label, text, seconds and ("  %.1f s"):format(seconds) or ""))
end

function Coordinator:ended(job, result)
  local work = job.item.work
  work.job = nil
  self.memory:saw(work.cell, result.peak or 0)
  ending.of(self, work, result)
  if settled[work.state] then
    if self.pruning then self.pruning:settled(work) end
    if work.state == "failed" and self.options.on_fail == "stop" then self.pool.stop "failed" end
  end
end

-- What others have written meanwhile, orphans that have ended, points that can be drawn.
function Coordinator:tick()
  local now = system.clock()
  if now - (self.looked or 0) > 1 then
    self.looked = now
    local elsewhere = false
    for _, work in ipairs(self.works) do
      elsewhere = elsewhere or work.state == "elsewhere"
      if work.state == "orphan" then
        if liveness.gone(work.orphan) then
          work.state, work.orphan = "open", nil
          look_again(self, work)
        elseif now - work.since > 60 then
          system.kill(work.orphan.pid, "KILL")
        end
      end
    end
    if elsewhere then
      record.fold(self.journal:read(), self.fold)
      if self.pruning then self.pruning:learn() end
      for _, work in ipairs(self.works) do
        local said = work.state == "elsewhere" and self.fold.trials[work.hash]
        if said and settled[said.state] then
          work.state, work.run, work.epoch, work.reason = said.state, said.run, said.epoch, said.reason
          self:say(work, said.state .. " by another process")
          if self.pruning then self.pruning:settled(work) end
        elseif work.state == "elsewhere" then
          work.state = "open" -- its holder may be gone: the claim says
        end
      end
    end
  end
  if self.searching then self.searching:propose() end
end

--- Makes a coordinator of a plan; nothing runs yet.
-- @param options { store, jobs, timeout, retry = { crash, oom }, on_fail, memory, pin, vectorize, force, smoke, device,
--   write, live, width }
function coordinator.new(plan, options)
  local directory, id = record.directory(options.store, plan)
  local made, problem = system.mkdir(directory .. "/claims")
  if not made then error(problem, 0) end
  local self = setmetatable({
    plan = plan, options = options, store = options.store, directory = directory, id = id, works = {}, by_hash = {},
    force = options.force, mark = liveness.mark(), there = 0, other_code = 0, memory = memory.new(options.memory),
    slots = options.pin and processors.slots(options.jobs) or {}, code_id = continuation.code_id(plan.files or {}),
  }, Coordinator)
  self.journal = journal.open(directory)
  self.journal:write("open", self.mark.host, self.mark.pid)
  if self.force then self.journal:write "fresh" end
  self.fold = record.fold(self.journal:read())
  self.finished = self.force and {} or continuation.finished(options.store)
  self.unfinished = self.force and {} or resume.unfinished(options.store)
  if plan.prune and not options.smoke then self.pruning = pruning.new(self) end
  self:admit(plan.trials)
  if plan.search and plan.search.adaptive then self.searching = searching.new(self) end
  if self.pruning then self.pruning:begin() end
  self:save()
  return self
end

--- Takes in new trials of the plan.
function Coordinator:admit(trials)
  admit(self, trials)
end

--- Writes sweep.json anew.
function Coordinator:save()
  record.write(self.directory, self.plan, { rungs = self.pruning and self.pruning.rungs or nil })
end

-- Trials that can be trained together are said beforehand: claimed now, and written down when their process begins.
local function announce(self)
  if self.pruning or self.searching or self.options.pin then return end
  local items = {}
  for _, work in ipairs(self.works) do
    if work.state == "open" and not work.unfinished then
      items[#items + 1] = { work = work, command = command_of(self, work), together = work.trial.together }
    end
  end
  trial_process.expect(items, {
    jobs = self.options.jobs, threads = processors.threads(self.options.jobs), vectorize = self.options.vectorize,
    claim = function(item) return claim(self, item.work) and item.work.state == "open" end,
    begun = function(item, pid) written_begun(self, item.work, pid) end,
  })
end

--- Runs what is open. Returns why it stopped ("interrupted", "failed"), or nil; and counts of states.
function Coordinator:run()
  if self.searching then self.searching:propose() end
  announce(self)
  local stopped = pool.run(self, {
    jobs = self.options.jobs, threads = processors.threads(self.options.jobs), write = self.options.write,
    live = self.options.live, width = self.options.width, timeout = self.options.timeout,
    measure = self.memory.limit < math.huge,
  })
  trial_process.close()
  local counts = { done = 0, failed = 0, pruned = 0, halved = 0, open = 0 }
  for _, work in ipairs(self.works) do
    local state = settled[work.state] and work.state or "open"
    if state == "done" and work.batch then state = "halved" end
    counts[state] = counts[state] + 1
  end
  return stopped, counts
end

--- The run of a piece of work that was begun and is not finished, as the store has it now; nil where there is none.
function Coordinator:unfinished_run(work)
  local found = resume.unfinished(self.store)[work.hash]
  return found and found.id
end

--- Marks a run in the store, which no process writes any more.
function Coordinator:mark_run(id, status)
  local opened, run = pcall(host_run.open, self.store, id)
  if opened then pcall(run.set_status, run, status) end
end

coordinator.settled = settled

return coordinator
