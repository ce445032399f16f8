--- asha over the work of a coordinator: which trials wait for which cell, and what becomes of them when it is decided.
local axes = require "sweep.axes"
local halving = require "sweep.halving"
local host_run = require "host.run"
local keys = require "sweep.keys"

local Pruning = {}
Pruning.__index = Pruning

local pruning = {}

-- What tells these decisions from those of another asha in the same journal.
local function rule_of(o, rungs)
  local parts = { o.metric, o.mode, o.decide, tostring(o.eta), table.concat(rungs, "/"), table.concat(o.within, "/") }
  return host_run.sha256(table.concat(parts, "\n")):sub(1, 8)
end

local function stratum_of(o, cell)
  local parts = {}
  for _, key in ipairs(o.within) do parts[#parts + 1] = key .. "=" .. axes.text(cell.values[key]) end
  return table.concat(parts, " ")
end

local function never(o, cell)
  for key, value in pairs(o.never) do
    if cell.values[key] == value then return true end
  end
  return false
end

--- @param coordinator whose plan has `prune`
function pruning.new(coordinator)
  local plan = coordinator.plan
  local o, rungs = plan.prune, keys.rungs(plan)
  return setmetatable({ coordinator = coordinator, o = o, rungs = rungs, rule = rule_of(o, rungs) }, Pruning)
end

-- The readings of a run that is in the store already.
local function read_run(self, work)
  if work.read or work.state ~= "done" or not work.run then return end
  work.read = true
  local opened, run = pcall(host_run.open, self.coordinator.store, work.run)
  for _, entry in ipairs(opened and run:metrics() or {}) do
    local value = entry[self.o.metric]
    if type(value) == "number" and not entry.final then work.readings[entry.epoch] = value end
  end
end

-- What a trial had at a rung: nil where that is to come, false where it has failed, else a number.
local function value_at(self, work, rung)
  if work.readings[rung] then return work.readings[rung] end
  -- pruned: for another cell that comes to the same configuration
  if work.state == "failed" or work.state == "pruned" then return false end
  if work.state ~= "done" then return nil end
  read_run(self, work)
  local last, at = nil, -1
  for epoch, value in pairs(work.readings) do
    if epoch <= rung and epoch > at then last, at = value, epoch end
  end
  return last or false -- it ended before this rung: what it reached stays
end

-- The mean of a cell at a rung over its seeds; nil while one is missing, nan where all have failed.
local function mean(self, cell, rung)
  local sum, n = 0, 0
  for _, trial in ipairs(cell.trials) do
    local value = value_at(self, trial.work, rung)
    if value == nil then return nil end
    if value then sum, n = sum + value, n + 1 end
  end
  return n > 0 and sum / n or 0 / 0
end

--- A trial has measured something.
function Pruning:reading(work, epoch, key, value)
  if key ~= self.o.metric then return end
  work.readings[epoch] = value
  for _, rung in ipairs(self.rungs) do
    if rung == epoch then self.coordinator.journal:write("reading", work.hash, epoch, ("%.17g"):format(value)) end
  end
end

local function rung_number(self, epoch)
  for k, rung in ipairs(self.rungs) do
    if rung == epoch then return k end
  end
end

-- The word for a cell at a rung, or nil while it is open.
local function word_for(self, cell, k) return never(self.o, cell) and "go" or self.halving:verdict(cell.index, k) end

-- Tells the trials that wait what was decided.
local function answer(self)
  for _, work in ipairs(self.coordinator.works) do
    if work.waits and (work.state == "running" or work.state == "paused") then
      local word = word_for(self, work.cell, rung_number(self, work.waits))
      if word and work.state == "running" and work.job and work.job.resting then
        if word == "go" then work.waits = nil end
        work.job:answer(word)
      elseif word == "stop" and work.state == "paused" then
        work.state, work.run = "pruned", work.run or self.coordinator:unfinished_run(work)
        self.coordinator.journal:write("pruned", work.hash, work.epoch, work.run or "")
        if work.run then self.coordinator:mark_run(work.run, "pruned") end
        self.coordinator:say(work, ("pruned at epoch %d"):format(work.epoch))
      end
    end
  end
end

-- Takes what the journal says of verdicts.
local function take_verdicts(self)
  for _, said in ipairs(self.coordinator.fold.verdicts) do
    local cell = said.rule == self.rule and self.by_label[said.cell]
    for k, epoch in ipairs(self.rungs) do
      if cell and epoch == said.epoch then self.halving:set(cell.index, k, said.word) end
    end
  end
end

--- Takes in the cells of the plan and what the journal says of them. Once, when all works are known.
function Pruning:begin()
  local plan, strata = self.coordinator.plan, {}
  local adaptive = plan.search and plan.search.adaptive
  self.by_label = {}
  for _, cell in ipairs(plan.cells) do
    if not never(self.o, cell) and not adaptive then
      local name = stratum_of(self.o, cell)
      strata[name] = (strata[name] or 0) + 1
    end
  end
  self.halving = halving.new(self.o, #self.rungs, strata)
  for _, cell in ipairs(plan.cells) do self.by_label[cell.label] = cell end
  take_verdicts(self)
  self:decide()
  -- What a killed coordinator left at a rung waits there.
  for _, work in ipairs(self.coordinator.works) do
    local last
    for _, rung in ipairs(self.rungs) do
      if work.state == "open" and work.readings[rung] then last = rung end
    end
    if last and word_for(self, work.cell, rung_number(self, last)) ~= "go" then
      work.state, work.waits, work.epoch, work.run = "paused", last, last, work.unfinished
    end
  end
  answer(self)
end

--- Decides what can be decided now.
function Pruning:decide()
  for _, cell in ipairs(self.coordinator.plan.cells) do
    if not never(self.o, cell) then
      for k, rung in ipairs(self.rungs) do
        if k > 1 and self.halving:verdict(cell.index, k - 1) ~= "go" then break end
        local value = mean(self, cell, rung)
        if not value then break end
        self.halving:report(stratum_of(self.o, cell), cell.index, k, value)
      end
    end
  end
  local found = self.halving:decide()
  for _, new in ipairs(found) do
    local cell = self.coordinator.plan.cells[new.cell]
    self.coordinator.journal:write("verdict", self.rule, cell.label, self.rungs[new.rung], new.verdict)
  end
  if #found > 0 then return self:decide() end -- a cell that goes on may stand at the next rung already
  answer(self)
end

local function resting(self)
  local list = {}
  for _, job in ipairs(self.coordinator.pool.running) do
    if job.resting then list[#list + 1] = job end
  end
  return list
end

--- Sends the trial that has waited longest home, saved: it comes back when its cell is decided.
function Pruning:make_room()
  local first = resting(self)[1]
  if first then first:answer "pause" end
end

--- A trial waits at a rung. Not too many do: their processes hold memory.
function Pruning:reached(work, epoch)
  work.waits, work.epoch = epoch, epoch
  self:decide()
  if #resting(self) > math.max(8, 2 * self.coordinator.options.jobs) then self:make_room() end
end

--- What another coordinator has written meanwhile: readings of its trials, its verdicts.
function Pruning:learn()
  for _, work in ipairs(self.coordinator.works) do
    local said = self.coordinator.fold.trials[work.hash]
    for epoch, value in pairs(said and said.readings or {}) do work.readings[epoch] = work.readings[epoch] or value end
  end
  take_verdicts(self)
  self:decide()
end

--- A trial has ended.
function Pruning:settled(work)
  work.waits = nil
  self:decide()
end

--- May a paused trial go on?
function Pruning:may_go_on(work)
  if not work.waits then return true end
  return word_for(self, work.cell, rung_number(self, work.waits)) == "go"
end

return pruning
