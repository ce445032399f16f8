--- What a word of the command line names, as the source of plots and reports: a run by its id, the runs that the store
-- holds of an ablation by the ablation's script, or those of a sweep by its id, its name or its script.
local continuation = require "continuation"
local host_run = require "host.run"
local language = require "language"
local plot_source = require "plot_source"
local runner = require "runner"
local sweep_of = require "sweep_of"
local sweep_source = require "sweep.source"
local system = require "host.system"

local function of_sweep(directory)
  local source = sweep_source(directory, runner.store())
  source.directory = directory
  return source
end

-- The rows of an ablation with what was trained of them.
local function of_ablation(file, overrides)
  local result, mistakes = runner.evaluate(file, overrides)
  if not result then error(mistakes, 0) end
  if result.kind == "sweep" then return of_sweep(sweep_of(file)) end
  if result.kind ~= "ablate" then
    error(("%s is no ablation but one experiment: give the id of its run (moonlab ls lists them)"):format(file), 0)
  end
  local args, trials, params = result.node.args, language.trials(result), {}
  local store = runner.store()
  local done = continuation.done(store, trials, function(trial)
    local evaluated = runner.evaluate(file, trial.overrides, { base = true })
    params[trial] = {}
    for _, knob in ipairs(evaluated and evaluated.knobs or {}) do params[trial][knob.name] = knob.value end
    return evaluated
  end)
  local groups, found = {}, 0
  for r, row in ipairs(args.rows) do groups[r] = { name = row.label, runs = {}, paper = row.paper } end
  for i, trial in ipairs(trials) do
    if done[i] then
      found = found + 1
      table.insert(groups[trial.row].runs, { id = done[i].run, seed = trial.seed, params = params[trial],
                                             records = host_run.open(store, done[i].run):metrics() })
    end
  end
  if found == 0 then
    error(("no finished run of %s is in %s: moonlab run %s makes them"):format(file, store, file), 0)
  end
  return plot_source.new { title = args.name, groups = groups, main = args.metrics and args.metrics[1], trials = #trials,
                           finished = found, seeds = args.seeds, metrics = args.metrics }
end

-- A run, or where there is none of this name, a sweep.
local function of_id(word)
  local found, run = pcall(host_run.open, runner.store(), word)
  if found then return plot_source.run(run) end
  local is_sweep, directory = pcall(sweep_of, word)
  if is_sweep then return of_sweep(directory) end
  error(run, 0)
end

--- @param word a run's id (or a unique part of it, or last), a sweep's, or the path of an ablation's or a sweep's script
-- @param overrides of the script, as on the command line
-- @return a source (plot_source.lua). Errors: no such run (with the nearest), a script with mistakes, one whose runs are
-- not in the store.
return function(word, overrides)
  if word:match "%.lua$" then
    if not system.stat(word) then error(("%s: no such file"):format(word), 0) end
    return of_ablation(word, overrides or {})
  end
  return of_id(word)
end
