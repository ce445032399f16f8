--- A search that learns, over the work of a coordinator: under each combination of the grid, point k is drawn from the
-- results of the points up to k - lag, so that the points are the same whatever trial ends first. Points that were
-- drawn are in the journal: started again, the sweep keeps them.
local axes = require "sweep.axes"
local host_run = require "host.run"
local language = require "language"
local mistakes = require "language.mistakes"
local record = require "sweep.record"
local sessions = require "language.session"

local Searching = {}
Searching.__index = Searching

local searching = {}

local settled = { done = true, failed = true, pruned = true }

--- @param coordinator whose plan has a search that learns
function searching.new(coordinator)
  local plan = coordinator.plan
  local self = setmetatable({ coordinator = coordinator, plan = plan, groups = {},
                              lag = plan.search.lag or coordinator.options.jobs }, Searching)
  for g, values in ipairs(plan.groups) do self.groups[g] = { number = g, values = values, points = {} } end
  return self
end

--- Are there points to draw yet?
function Searching:more()
  for _, group in ipairs(self.groups) do
    if #group.points < self.plan.search.n then return true end
  end
  return false
end

-- The metric of one trial: after training, or the last one measured while it trained; nan where it has none.
local function value_of(self, work)
  local known = {}
  for _, pair in ipairs(work.metrics or {}) do known[pair[1]] = pair[2] end
  local value = known[self.plan.search.metric]
  if value == nil and work.run and work.state == "done" then
    local opened, run = pcall(host_run.open, self.coordinator.store, work.run)
    if opened then value = record.last_values(run:metrics())[self.plan.search.metric] end
  end
  if value == nil and work.state == "pruned" then value = work.readings[work.epoch] end
  return value or 0 / 0
end

-- The result of a point, smaller is better: the mean over its seeds; nil while a trial is missing.
local function result_of(self, point)
  if not point.cell then return 0 / 0 end -- where() has left it out
  local sum = 0
  for _, trial in ipairs(point.cell.trials) do
    if not settled[trial.work.state] then return nil end
    sum = sum + value_of(self, trial.work)
  end
  local mean = sum / #point.cell.trials
  return self.plan.search.mode == "max" and -mean or mean
end

-- A value as the journal has it, as one of its axis.
local function read_value(axis, text)
  if axis.kind ~= "choice" then return tonumber(text) end
  for _, value in ipairs(axis.values) do
    if axes.text(value) == text then return value end
  end
end

local function recorded(self, group, index)
  local texts = (self.coordinator.fold.points[group.number] or {})[index]
  if not texts or #texts ~= #self.plan.space then return nil end
  local values = {}
  for a, axis in ipairs(self.plan.space) do
    values[a] = read_value(axis, texts[a])
    if values[a] == nil then return nil end
  end
  return values
end

local function add(self, group, index, values)
  local all = {}
  for key, value in pairs(group.values) do all[key] = value end
  for a, axis in ipairs(self.plan.space) do all[axis.key] = values[a] end
  local session = self.plan.result.session
  local cell = sessions.within(session, function() return self.plan:add_cell(all, group.number, index) end)
  if #session.errors > 0 then
    error(language.format(mistakes.sort(session.errors, session.indexes, self.plan.result.script.name)), 0)
  end
  group.points[index] = { values = values, cell = cell }
  if cell then self.coordinator:admit(cell.trials) end
end

-- Draws the next point of a group; false where what it follows from is not there yet.
local function propose(self, group)
  local index = #group.points + 1
  if index > self.plan.search.n then return false end
  local history = {}
  for i = 1, index - self.lag do
    local point = group.points[i]
    point.result = point.result or result_of(self, point)
    if point.result == nil then return false end
    history[i] = { values = point.values, result = point.result }
  end
  local values = recorded(self, group, index)
  if not values then
    values = self.plan.search.propose(self.plan.space, index, history)
    local texts = {}
    for a in ipairs(self.plan.space) do texts[a] = axes.text(values[a]) end
    self.coordinator.journal:write("point", group.number, index, unpack(texts))
  end
  add(self, group, index, values)
  return true
end

--- Draws what can be drawn.
function Searching:propose()
  local drawn = false
  for _, group in ipairs(self.groups) do
    while propose(self, group) do drawn = true end
  end
  if drawn then self.coordinator:save() end
end

return searching
