--- Metrics of a sweep's cells that compare them with other cells, as those of an ablation's rows (row_references.lua):
-- told anew when all trials are there, over the means of the seeds, since a trial that ended before its reference had
-- none.
local course = require "course"
local language = require "language"
local row_references = require "row_references"

-- Does any metric of this trial need another run?
local function compares(script, trial)
  local evaluated = language.evaluate(script, trial.overrides, { base = true, quiet = true })
  for _, entry in ipairs(evaluated and evaluated.kind == "experiment" and evaluated.node.args.eval.metrics or {}) do
    if course.is(entry) and entry:build().stem then return true end
  end
  return false
end

--- @param results what record.results gives; cells get `computed` = { [key] = list of values }
-- @return list of lines: what could not be told, and why
return function(results, store)
  local spec, rows, against, trials, outcomes, values = results.spec, {}, {}, {}, {}, {}
  local script = spec.file:match "^/" and spec.file or spec.folder .. "/" .. spec.file
  local first = spec.cells[1] and spec.cells[1].trials[1]
  if not first or not compares(script, first) then return {} end
  for c, cell in ipairs(results.cells) do
    rows[c], against[c], values[c] = cell.label, cell.label, {}
    for i, trial in ipairs(cell.trials) do
      trials[#trials + 1] = { row = c, label = cell.label, seed = trial.seed,
                              overrides = spec.cells[c].trials[i].overrides }
      local counts = trial.state == "done" and not trial.batch and not cell.pruned
      outcomes[#trials] = counts and { code = 0, run = trial.run } or nil
      for _, key in ipairs(counts and trial.keys or {}) do
        values[c][key] = values[c][key] or {}
        table.insert(values[c][key], trial.values[key])
      end
    end
  end
  local before = {}
  for c, list in ipairs(values) do
    before[c] = {}
    for key, numbers in pairs(list) do before[c][key] = numbers end
  end
  local hints = row_references({ script = script }, { rows = rows, against = against, trials = trials,
                                                      smoke = spec.smoke or nil }, values, outcomes, store)
  for c, cell in ipairs(results.cells) do
    cell.computed = {}
    for key, numbers in pairs(values[c]) do
      if numbers ~= before[c][key] then cell.computed[key] = numbers end
    end
  end
  return hints
end
