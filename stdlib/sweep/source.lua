--- The finished trials of a sweep as the source of plots (plot_source.lua): a group for each cell, what was pruned
-- left out.
local layout = require "sweep.layout"
local plot_source = require "plot_source"
local record = require "sweep.record"

--- @param directory STORE/sweeps/ID
-- @param store where its runs are
-- @param results what record.results gave, where it is at hand
-- Errors: no trial is finished.
return function(directory, store, results)
  results = results or record.results(directory, store)
  local groups, finished, trials = {}, 0, 0
  for _, cell in ipairs(results.cells) do
    local group = { name = cell.label, runs = {} }
    for _, trial in ipairs(cell.trials) do
      trials = trials + 1
      if trial.state == "done" and not trial.batch and not cell.pruned then
        finished = finished + 1
        table.insert(group.runs, { id = trial.run, seed = trial.seed, params = cell.params, records = trial.records })
      end
    end
    if #group.runs > 0 then groups[#groups + 1] = group end
  end
  if finished == 0 then error(("no trial of the sweep %s is finished"):format(results.spec.name), 0) end
  local axes = {} -- what else differs between cells was derived from them
  for _, axis in ipairs(layout.axes(results.spec)) do axes[axis.key] = true end
  return plot_source.new { title = results.spec.name, groups = groups, main = results.spec.metrics[1], trials = trials,
                           finished = finished, seeds = results.spec.seeds, of_sweep = true, axes = axes }
end
