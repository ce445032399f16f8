--- The table of an ablation from what the store holds of it, without training anything: means, spreads or intervals,
-- differences to a row and whether they are significant. sweep/formats.lua writes it.
local ablation = require "ablation"
local continuation = require "continuation"
local language = require "language"
local learning_curve = require "learning_curve"
local metric_host = require "host.metric"
local row_references = require "row_references"
local runner = require "runner"
local tabulate = require "tabulate"

local ablation_summary = {}

-- What ablation.run takes, of an evaluated script.
local function spec_of(result)
  local args = result.node.args
  local spec = { title = args.name, seeds = args.seeds, rows = {}, metrics = args.metrics, against = {}, paper = {},
                 trials = language.trials(result) }
  for r, row in ipairs(args.rows) do
    spec.rows[r], spec.against[r], spec.paper[r] = row.label, row.against or args.rows[1].label, row.paper
  end
  return spec
end

-- by_seed[r][key][seed] = value
local function seeds_of(spec, results)
  local by_seed = {}
  for r = 1, #spec.rows do by_seed[r] = {} end
  for i, trial in ipairs(spec.trials) do
    for _, pair in ipairs(results[i] and results[i].metrics or {}) do
      local row = by_seed[trial.row]
      row[pair[1]] = row[pair[1]] or {}
      row[pair[1]][trial.seed] = pair[2]
    end
  end
  return by_seed
end

local function text_of(place, interval)
  if place.n == 0 then return "-" end
  local count = place.n == place.of and ("(%d)"):format(place.n) or ("(%d of %d)"):format(place.n, place.of)
  if interval and place.n > 1 then
    local found = metric_host.confidence_interval(place.values)
    return ("%.3f [%.3f, %.3f] %s"):format(found.mean, found.low, found.high, count)
  end
  return tabulate.mean_std(place.values) .. " " .. count
end

-- p values of each place against the row it is compared with, over the seeds that both have, corrected over the table.
local function test(made, spec, by_seed, keys, other, kind)
  local tested, ps = {}, {}
  for r = 1, #spec.rows do
    for c, key in ipairs(keys) do
      local a, b = {}, {}
      for _, seed in ipairs(spec.seeds) do
        local own, theirs = (by_seed[r][key] or {})[seed], (by_seed[other[r]][key] or {})[seed]
        if own and theirs then a[#a + 1], b[#b + 1] = own, theirs end
      end
      if r ~= other[r] and #a >= 2 then
        local found, place = metric_host[kind](a, b), made.places[r][c]
        place.p, place.alike = found.p, true
        if found.p == found.p then tested[#tested + 1], ps[#ps + 1] = place, found.p end
      end
    end
  end
  for i, p in ipairs(#ps > 0 and metric_host.holm(ps) or {}) do
    tested[i].corrected, tested[i].alike = p, not (p < 0.05)
  end
  made.notes[#made.notes + 1] = ("~ not significantly different from the row that it is compared with (%s over seeds, "
    .. "Holm's correction for %d comparison%s, p < 0.05)"):format(kind == "paired_t" and "paired t test"
    or "Wilcoxon's signed-rank test", #ps, #ps == 1 and "" or "s")
end

local function mark_best(made, keys)
  for c, key in ipairs(keys) do
    local best, smaller = nil, learning_curve.mode_of(key) == "min"
    for _, row in ipairs(made.places) do
      local place = row[c]
      local better = place.n > 0 and place.mean == place.mean
        and (not best or smaller and place.mean < best.mean or not smaller and place.mean > best.mean)
      if better then best = place end
    end
    if best then best.best = true end
  end
end

--- @param result what language.evaluate gave of the script (kind "ablate")
-- @param file its path
-- @param options { interval = 95 % intervals instead of spreads, test = "paired_t" or "wilcoxon" }
-- @return a table for sweep/formats.lua, and lines of hints. Errors: nothing of it is in the store.
function ablation_summary.of(result, file, options)
  local spec, store = spec_of(result), runner.store()
  local results, other_code = continuation.done(store, spec.trials, function(trial)
    return (runner.evaluate(file, trial.overrides, { base = true }))
  end)
  if next(results) == nil then
    error(("no finished run of %s is in %s: moonlab run %s makes them"):format(file, store, file), 0)
  end
  local values, _, keys = ablation.collect(spec, results)
  local by_seed = seeds_of(spec, results)
  local hints = row_references(result, spec, values, results, store)
  keys = spec.metrics or keys
  local place_of, other = {}, {}
  for r, row in ipairs(spec.rows) do place_of[row] = r end
  for r in ipairs(spec.rows) do other[r] = place_of[spec.against[r]] end
  local made = { title = nil, rows = { spec.title }, cols = {}, names = {}, heads = { unpack(keys) }, places = {}, notes = {} }
  for r, row in ipairs(spec.rows) do
    made.names[r], made.places[r] = { row }, {}
    for c, key in ipairs(keys) do
      local place = { values = values[r][key] or {}, of = #spec.seeds }
      place.mean, place.std, place.n = tabulate.statistics(place.values)
      place.text = text_of(place, options.interval)
      made.places[r][c] = place
    end
  end
  mark_best(made, keys)
  made.notes[1] = ("mean %s (n); %%s the best of its column"):format(options.interval and "[95 % interval]" or "± std")
  if options.test then test(made, spec, by_seed, keys, other, options.test) end
  made.heads[#keys + 1] = "difference"
  for r in ipairs(spec.rows) do
    local mean, reference = made.places[r][1].mean, made.places[other[r]][1].mean
    made.places[r][#keys + 1] = { text = r ~= other[r] and mean and reference and tabulate.signed(mean - reference) or "" }
  end
  if other_code > 0 then hints[#hints + 1] = ("%d of the runs were trained by other code than this"):format(other_code) end
  return made, hints
end

return ablation_summary
