--- Rows of an ablation compared with each other by the metrics that need another run: time_to, error_reduction.
local continuation = require "continuation"
local course = require "course"
local host_run = require "host.run"
local language = require "language"
local learning_curve = require "learning_curve"
local reference_runs = require "reference_runs"
local tabulate = require "tabulate"

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
    finals[#finals + 1] = reference_runs.final(records, key)
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
  local text, list, cell = table.concat(reference_runs.words(changes), " "), {}, nil
  for _, trial in ipairs(row.trials) do
    local changed, problem = reference_runs.changed(self.result, trial.overrides, changes)
    if not changed then return nil, problem end
    cell = cell or continuation.cell_hash(changed, self.smoke)
    local run = reference_runs.finished(self.store, continuation.config_hash(changed, self.smoke))
    if run then list[#list + 1] = run:metrics() end
  end
  if cell == row.cell then return nil end
  for _, other in ipairs(rows) do
    if other.cell == cell then return other:records() end
  end
  if #list > 0 then return list end
  return nil, ("no row and no finished run in %s with %s"):format(self.store, text)
end

-- The rows with the trials that finished, and the metrics of each that compare it with another; nil where none does.
local function gather(result, spec, results, store)
  local rows, place, compared = {}, {}, false
  for r, label in ipairs(spec.rows) do
    rows[r] = setmetatable({ label = label, runs = {}, trials = {}, metrics = {}, store = store }, Row)
    place[label] = r
  end
  for i, trial in ipairs(spec.trials) do
    local row, done = rows[trial.row], results[i]
    row.trials[#row.trials + 1] = trial
    if done and done.code == 0 and done.run then row.runs[#row.runs + 1] = done.run end
  end
  for r, row in ipairs(rows) do
    row.against = place[spec.against and spec.against[r] or spec.rows[1]]
    local trial = row.trials[1]
    local evaluated = trial and language.evaluate(result.script, trial.overrides, { base = true, quiet = true })
    for _, entry in ipairs(evaluated and evaluated.node.args.eval.metrics or {}) do
      local metric = course.is(entry) and entry:build() or {}
      if metric.stem then compared, row.metrics[#row.metrics + 1] = true, metric end
    end
    row.cell = evaluated and continuation.cell_hash(evaluated, spec.smoke)
  end
  return compared and rows or nil
end

--- Fills in what an ablation's rows say of each other, once all trials are done: curves and results are averaged over
-- the seeds of a row first. A row's own reference has no value.
-- @param result what language.evaluate gave (kind "ablate")
-- @param spec { rows, against, trials, smoke } (ablation.run)
-- @param values[r][key] = list over seeds: changed in place, one value or none for these keys
-- @param results of the trials: [i] = { code, run }
-- @param store where runs are kept
-- @return list of lines: what could not be told, and why
return function(result, spec, values, results, store)
  local self, hints = { result = result, store = store, smoke = spec.smoke }, {}
  local rows = gather(result, spec, results, store)
  for r, row in ipairs(rows or {}) do
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
