--- From an evaluated sweep to its trials: which there are, in which order, under which overrides; each evaluated as its
-- process will evaluate it, so that every mistake is told before anything is trained.
--
-- Trials stand in the order of the grid as written, the last axis changing fastest; under each combination the points
-- of the space; of each cell its seeds.
--
-- A plan: { name, file (of a trial), passed = { texts }, axes, space, seeds, search, groups, cells, trials, args,
-- prune, smoke }. A cell: { index, label, group, point, values = { [axis] = value }, params, trials }. A trial: {
-- number, cell, seed, label, values, overrides = { texts }, hash, together (vectorized.of), keys = { metric keys
-- known beforehand }, epochs }.
local axes = require "sweep.axes"
local continuation = require "continuation"
local functions = require "sweep.functions"
local keys = require "sweep.keys"
local language = require "language"
local mistakes = require "language.mistakes"
local order = require "language.order"
local schema = require "schema"
local sessions = require "language.session"
local site = require "language.site"
local vectorized = require "vectorized"

local Plan = {}
Plan.__index = Plan

local plan = {}

-- The axes of the grid under what the command line says: key=a,b replaces or adds one, key=a leaves one value.
local function axes_of(result, given)
  local list, at, passed = {}, {}, {}
  local args = result.kind == "sweep" and result.node.args or {}
  for _, key in ipairs(order.keys(args.grid or {})) do
    list[#list + 1] = { key = key, values = args.grid[key], position = order.key_position(args.grid, key) }
    at[key] = #list
  end
  for _, axis in ipairs(given or {}) do
    if at[axis.key] then list[at[axis.key]] = axis else list[#list + 1] = axis end
    at[axis.key] = at[axis.key] or #list
  end
  for _, override in ipairs(result.kind == "sweep" and result.passed or {}) do
    local axis = list[at[override.key]]
    if axis and not override.restore then
      list[at[override.key]] = { key = axis.key, position = axis.position, word = override.text,
                                  values = { override.typed and override.raw or axes.value(override.raw) } }
    else
      passed[#passed + 1] = override.text
    end
  end
  if result.kind ~= "sweep" then
    for _, text in ipairs(result.overrides) do passed[#passed + 1] = text end
  end
  return list, passed
end

-- An axis `seed` is no axis: its values are the seeds.
local function take_seeds(list, result)
  for i, axis in ipairs(list) do
    if axis.key == "seed" then
      table.remove(list, i)
      local seeds = {}
      for k, value in ipairs(axis.values) do seeds[k] = tonumber(value) or value end
      return seeds
    end
  end
  local args = result.kind == "sweep" and result.node.args or {}
  return args.seeds or { result.seed }
end

-- All combinations, the last axis fastest: list of { [axis] = value }.
local function combinations(list)
  local found = { {} }
  for _, axis in ipairs(list) do
    local next_found = {}
    for _, values in ipairs(found) do
      for _, value in ipairs(axis.values) do
        local with = { [axis.key] = value }
        for key, other in pairs(values) do with[key] = other end
        next_found[#next_found + 1] = with
      end
    end
    found = next_found
  end
  return found
end

-- Evaluates a trial as its process will; what is wrong is reported.
local function evaluate(self, trial, positions)
  local session = self.result.session
  local script = self.script
  local experiment, errors = language.evaluate(script, trial.overrides,
    { base = self.result.kind ~= "sweep" or type(self.args.base) ~= "string", positions = positions, quiet = true })
  if experiment and experiment.kind ~= "experiment" then
    site.fail(functions.position_of(self.result, "base"), ("the base must give an experiment, %s gives %s"):format(
      script.name or script, experiment.kind == "ablate" and "an ablation" or "a " .. experiment.kind))
    return nil
  end
  for _, mistake in ipairs(not experiment and errors or {}) do
    if mistake.source and mistake.file and not session.indexes[mistake.file] then
      session.indexes[mistake.file] = { lines = { [mistake.line] = mistake.source } }
    end
    site.fail(mistake.file and mistake or functions.position_of(self.result, "base"), mistake.message)
  end
  return experiment
end

-- Parameters of the script as the trial has them, and what the sweep varies beside them.
local function params_of(experiment, values)
  local params = {}
  for _, knob in ipairs(experiment.knobs) do
    if type(knob.value) ~= "table" then params[knob.name] = knob.value end
  end
  for key, value in pairs(values) do params[key] = value end
  return params
end

local function label_of(self, values)
  local parts = {}
  for _, axis in ipairs(self.axes) do parts[#parts + 1] = axis.key .. "=" .. axes.text(values[axis.key]) end
  for _, axis in ipairs(self.space) do parts[#parts + 1] = axis.key .. "=" .. axes.text(values[axis.key]) end
  return #parts > 0 and table.concat(parts, " ") or self.name
end

--- Makes the cell of some values with its trials; nil where `where` leaves out all of them or something is wrong.
function Plan:add_cell(values, group, point)
  local cell = { index = #self.cells + 1, label = label_of(self, values), group = group, point = point, values = values,
                 trials = {} }
  for _, seed in ipairs(self.seeds) do
    if functions.belongs(self, values, seed) then
      local trial = { cell = cell, seed = seed, values = values, overrides = {} }
      local positions = {}
      local more = functions.derived(self, values, seed)
      if not more then return nil end
      for _, text in ipairs(self.passed) do table.insert(trial.overrides, text) end
      for _, list in ipairs { self.axes, self.space } do
        for _, axis in ipairs(list) do
          table.insert(trial.overrides, axes.override(axis.key, values[axis.key]))
          positions[axis.key] = axis.position
        end
      end
      for _, item in ipairs(more) do
        table.insert(trial.overrides, axes.override(item.key, item.value))
        positions[item.key] = item.position
      end
      table.insert(trial.overrides, axes.override("seed", seed))
      local experiment = evaluate(self, trial, positions)
      if not experiment then return nil end
      self.files = experiment.files
      local data = experiment.node.args.data
      trial.batch = type(data.args) == "table" and data.args.batch or nil
      trial.hash = continuation.config_hash(experiment, self.smoke)
      trial.together = vectorized.of(experiment) or false
      cell.params = cell.params or params_of(experiment, values)
      trial.keys, trial.readings, trial.epochs = keys.of(experiment), keys.readings(experiment), keys.epochs(experiment)
      trial.label = #self.seeds > 1 and ("%s, seed %s"):format(cell.label, tostring(seed)) or cell.label
      cell.trials[#cell.trials + 1] = trial
    end
  end
  if #cell.trials == 0 then return nil end
  self.cells[#self.cells + 1] = cell
  for _, trial in ipairs(cell.trials) do
    self.trials[#self.trials + 1] = trial
    trial.number = #self.trials
  end
  return cell
end

--- How many trials there will be, as far as that is known: a search that learns has yet to draw some of its points.
function Plan:total()
  if not (self.search and self.search.adaptive) then return #self.trials end
  return #self.groups * self.search.n * #self.seeds
end

-- Several values where one is meant: `run` takes no axes.
local function refuse_lists(self)
  for _, axis in ipairs(self.axes) do
    local text = axis.word and axes.of_word(axis.word) and axis.word
    if text then
      site.fail(nil, ("override '%s': '%s' takes one value here; several are an axis of 'sweep': moonlab sweep %s %s")
        :format(text, axis.key, self.result.script.name, text))
    end
  end
end

-- Everything that can be known before a trial has run.
local function fill(self)
  refuse_lists(self)
  if #self.result.session.errors > 0 then return end
  self.groups = combinations(self.axes)
  local most = 20 -- mistakes of so many trials are enough to mend the script
  for g, values in ipairs(self.groups) do
    local points = { {} }
    if self.search then
      points = {}
      if not self.search.adaptive then
        for i = 1, self.search.n do points[i] = self.search.propose(self.space, i) end
      end
    end
    for i, point in ipairs(points) do
      local all = {}
      for key, value in pairs(values) do all[key] = value end
      for a, axis in ipairs(self.space) do all[axis.key] = point[a] end
      self:add_cell(all, g, self.search and i or nil)
      if #self.result.session.errors >= most then return end
    end
  end
  if #self.trials == 0 and #self.result.session.errors == 0 and not (self.search and self.search.adaptive) then
    site.fail(self.args.where and functions.position_of(self.result, "where") or nil,
      "where leaves out every trial of the sweep")
  end
end

--- The plan of an evaluated script.
-- @param result what language.evaluate gave: a sweep, or an experiment that the command line sweeps
-- @param options { axes = of the command line (axes.of_word), smoke }
-- @return the plan, or nil and the text of all mistakes
function plan.of(result, options)
  local args = result.kind == "sweep" and result.node.args or { run = {}, report = {} }
  local list, passed = axes_of(result, options.axes)
  local self = setmetatable({
    name = result.name, result = result, args = args, smoke = options.smoke, passed = passed, cells = {}, trials = {},
    seeds = take_seeds(list, result), space = {}, prune = args.prune and args.prune.args or nil,
  }, Plan)
  if options.smoke then self.seeds = { self.seeds[1] } end
  self.axes = list
  local base = args.base
  self.file = type(base) == "string" and (base:match "^/" and base or result.directory .. base) or result.script.name
  self.script = type(base) == "string" and self.file or result.script
  for _, key in ipairs(order.keys(args.space or {})) do
    local axis = schema.build(args.space[key])
    axis.key, axis.position = key, order.key_position(args.space, key)
    self.space[#self.space + 1] = axis
  end
  if args.search then self.search = schema.build(args.search) end
  sessions.within(result.session, function()
    fill(self)
    if #result.session.errors == 0 then keys.check(self) end
  end)
  local errors = result.session.errors
  if #errors == 0 then return self end
  return nil, language.format(mistakes.sort(errors, result.session.indexes, result.script.name))
end

return plan
