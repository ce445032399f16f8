--- Runs to compare with: those of a run's own configuration but for some named parameters (metric.time_to,
-- metric.error_reduction), in the store and among the rows of an ablation.
local continuation = require "continuation"
local course = require "course"
local host_run = require "host.run"
local language = require "language"
local learning_curve = require "learning_curve"
local order = require "language.order"
local tabulate = require "tabulate"

local reference_runs = {}

-- "head=onehot"
local function override(key, value)
  if type(value) == "number" then return key .. "=" .. order.number(value) end
  if type(value) == "string" and value:find(",", 1, true) then value = '"' .. value .. '"' end
  return key .. "=" .. tostring(value)
end

local function words(changes)
  local list = {}
  for i, key in ipairs(order.keys(changes)) do list[i] = override(key, changes[key]) end
  return list
end

--- The configuration of a result with some parameters changed: what language.evaluate gives, or nil and what is wrong.
-- @param result what language.evaluate gave (its script is evaluated again)
-- @param overrides it was evaluated with
-- @param changes map of parameters; options by their paths
function reference_runs.changed(result, overrides, changes)
  local list = {}
  for _, text in ipairs(overrides) do
    if changes[text:match "^~?([^=]+)"] == nil then list[#list + 1] = text end
  end
  for _, text in ipairs(words(changes)) do list[#list + 1] = text end
  local found, mistakes = language.evaluate(result.script, list, { base = true, quiet = true })
  if found then return found end
  return nil, (language.format(mistakes, { plain = true }):gsub("\n.*", ""))
end

-- The latest finished run of a configuration, or nil.
local function finished(store, hash)
  local list = host_run.list(store)
  for i = #list, 1, -1 do
    if list[i].status == "done" then
      local readable, run = pcall(host_run.open, store, list[i].id)
      if readable and run:meta().config_hash == hash then return run end
    end
  end
end

local function final_of(records, key)
  local last = records[#records]
  return last and last.final and last[key] or nil
end

--- The changes that metrics of a configuration ask for: list of { changes, position }.
local function asked(experiment)
  local list = {}
  for _, entry in ipairs(experiment.args.eval.metrics) do
    if course.is(entry) then
      local reach = entry.args.reach
      local changes = entry.args.against or type(reach) == "table" and reach.args.changes
      if changes then list[#list + 1] = { changes = changes, position = entry.position } end
    end
  end
  return list
end

--- What is wrong with the references that a run's metrics name, or nil: said before it is trained.
function reference_runs.problem(result)
  for _, item in ipairs(asked(result.node)) do
    local changed, problem = reference_runs.changed(result, result.overrides, item.changes)
    if not changed then
      local place = item.position
      local where = place and place.line and ("%s:%d:%d: "):format(place.file, place.line, place.column) or ""
      return ("%sthe run to compare with, %s: %s"):format(where, table.concat(words(item.changes), " "), problem)
    end
  end
end

--- How a run finds others: function(changes, key) -> { curve, final } or nil and why there is none.
-- @param store where runs are kept
-- @param smoke whether it is a smoke run, which is compared with such alone
function reference_runs.finder(store, result, smoke)
  local known = {}
  return function(changes, key)
    if not changes then return nil, "it is told in the table of an ablation; a single run names its reference" end
    local text = table.concat(words(changes), " ")
    if known[text] == nil then
      local changed = reference_runs.changed(result, result.overrides, changes)
      local hash = changed and continuation.config_hash(changed, smoke)
      if hash == continuation.config_hash(result, smoke) then
        known[text] = {} -- this run is the reference itself
      else
        local run = hash and finished(store, hash)
        known[text] = run and { records = run:metrics() }
          or { hint = ("no finished run to compare with in %s; it would be: moonlab run %s%s"):format(store,
            smoke and "--smoke " or "",
            table.concat({ result.script.name, unpack(changed and changed.overrides or {}) }, " ")) }
      end
    end
    local entry = known[text]
    if not entry.records then return nil, entry.hint end
    return { curve = learning_curve.of_records(entry.records, key), final = final_of(entry.records, key) }
  end
end

-- One row of an ablation: its configuration, the trials that finished, their records.
local Row = {}
Row.__index = Row

function Row:records()
  if not self.loaded then
    self.loaded = {}
    for _, id in ipairs(self.runs) do
      local readable, records = pcall(function() return host_run.open(self.store, id):metrics() end)
      if readable then self.loaded[#self.loaded + 1] = records end
    end
  end
  return self.loaded
end

-- The mean curve over seeds and the mean of what was reached: { curve, final }.
local function averaged(list_of_records, key)
  local curves, finals = {}, {}
  for _, records in ipairs(list_of_records) do
    local curve = learning_curve.of_records(records, key)
    if #curve.value > 0 then curves[#curves + 1] = curve end
    finals[#finals + 1] = final_of(records, key)
  end
  return { curve = learning_curve.mean(curves), final = (tabulate.statistics(finals)) }
end

-- The keys of what a metric compares, from the keys of what it gives: "test.epochs_saved_top1" is about "test.top1". Of a
-- metric with options the name may go on after that of its constructor: f1_macro.
local function read_off(metric, values)
  local plain = type(metric.metric) == "string"
  local name = (plain and metric.metric or metric.metric.kind):match "[^.]*$"
  local keys = {}
  for key in pairs(values) do
    local prefix, last = key:match "^(.-)([^.]*)$"
    local about = last:sub(1, #metric.stem) == metric.stem and last:sub(#metric.stem + 1)
    if about and (about == name or not plain and about:sub(1, #name + 1) == name .. "_") then
      keys[#keys + 1] = prefix .. about
    end
  end
  table.sort(keys)
  return keys
end

-- Where the reference of a row stands: a row's records, those of runs in the store, or nil and why.
local function reference_records(self, rows, row, changes)
  if not changes then
    local other = rows[row.against]
    if other == row then return nil end
    return other:records()
  end
  local text, list, cell = table.concat(words(changes), " "), {}, nil
  for _, trial in ipairs(row.trials) do
    local changed, problem = reference_runs.changed(self.result, trial.overrides, changes)
    if not changed then return nil, problem end
    cell = cell or continuation.cell_hash(changed, self.smoke)
    local run = finished(self.store, continuation.config_hash(changed, self.smoke))
    if run then list[#list + 1] = run:metrics() end
  end
  if cell == row.cell then return nil end
  for _, other in ipairs(rows) do
    if other.cell == cell then return other:records() end
  end
  if #list > 0 then return list end
  return nil, ("no row and no finished run in %s with %s"):format(self.store, text)
end

--- Fills in what an ablation's rows say of each other, once all trials are done: curves and results are averaged over
-- the seeds of a row first. A row's own reference has no value.
-- @param result what language.evaluate gave (kind "ablate")
-- @param spec { rows, against, trials, smoke } (ablation.run)
-- @param values[r][key] = list over seeds: changed in place, one value or none for these keys
-- @param results of the trials: [i] = { code, run }
-- @param store where runs are kept
-- @return list of hints: what could not be told, and why
function reference_runs.complete(result, spec, values, results, store)
  local self = { result = result, store = store, smoke = spec.smoke }
  local rows, place, hints = {}, {}, {}
  for r, label in ipairs(spec.rows) do
    rows[r] = setmetatable({ label = label, runs = {}, trials = {}, store = store }, Row)
    place[label] = r
  end
  for i, trial in ipairs(spec.trials) do
    local row, done = rows[trial.row], results[i]
    row.trials[#row.trials + 1] = trial
    if done and done.code == 0 and done.run then row.runs[#row.runs + 1] = done.run end
  end
  local across = false
  for r, row in ipairs(rows) do
    row.against = place[spec.against and spec.against[r] or spec.rows[1]]
    local trial = row.trials[1]
    local evaluated = trial and language.evaluate(result.script, trial.overrides, { base = true, quiet = true })
    row.metrics = {}
    if evaluated then
      row.cell = continuation.cell_hash(evaluated, spec.smoke)
      for _, entry in ipairs(evaluated.node.args.eval.metrics) do
        local metric = course.is(entry) and entry:build() or {}
        if metric.stem then across, row.metrics[#row.metrics + 1] = true, metric end
      end
    end
  end
  if not across then return hints end
  for r, row in ipairs(rows) do
    for _, metric in ipairs(row.metrics) do
      for _, key in ipairs(read_off(metric, values[r])) do
        local own = averaged(row:records(), key)
        local pairs_list, more = course.read(metric, key, {
          curve = own.curve, final = own.final,
          reference = function(changes)
            local records, why = reference_records(self, rows, row, changes)
            return records and averaged(records, key), why
          end,
        })
        for _, pair in ipairs(pairs_list) do values[r][pair[1]] = pair[2] == pair[2] and { pair[2] } or {} end
        for _, hint in ipairs(more) do hints[#hints + 1] = { ("%s (%s)"):format(hint[1], row.label), hint[2] } end
      end
    end
  end
  return course.lines(hints)
end

return reference_runs
