--- Running an ablation: every row with every seed as a trial of its own, then one table with mean and spread.
local metric = require "host.metric"
local system = require "host.system"
local tabulate = require "tabulate"
local trials = require "trials"

local ablation = {}

--- What the trials of each row gave: values[r][key] = list over the seeds that finished, values.finished[r] = how many
-- did, values.by_seed[r][key][seed]; failed[r] = list of results.
function ablation.collect(spec, results)
  local values, failed, keys, known = { finished = {}, by_seed = {} }, {}, {}, {}
  for r = 1, #spec.rows do
    values[r], failed[r], values.finished[r], values.by_seed[r] = {}, {}, 0, {}
  end
  for i, item in ipairs(spec.trials) do
    local result = results[i]
    if result and result.code == 0 then
      values.finished[item.row] = values.finished[item.row] + 1
      for _, pair in ipairs(result.metrics) do
        local key, value = pair[1], pair[2]
        if not known[key] then
          known[key] = true
          keys[#keys + 1] = key
        end
        values[item.row][key] = values[item.row][key] or {}
        table.insert(values[item.row][key], value)
        local by_seed = values.by_seed[item.row]
        by_seed[key] = by_seed[key] or {}
        by_seed[key][item.seed] = value
      end
    elseif result then
      table.insert(failed[item.row], result)
    end
  end
  return values, failed, keys
end

-- How many trials of the row finished; "2 of 3" where some failed or were not run. That some metric has no values says
-- nothing about this.
local function count(spec, values, r)
  local n = values.finished and values.finished[r] or 0
  for _, list in pairs(not values.finished and values[r] or {}) do n = math.max(n, #list) end
  return n == #spec.seeds and tostring(n) or ("%d of %d"):format(n, #spec.seeds)
end

-- p[r]: of the difference of a row to the one it is compared with, paired over the seeds that both have; Holm's
-- correction over all rows. nil where there are fewer than two pairs.
local function significance(spec, values, main, place)
  local p, tested, found = {}, {}, {}
  for r in ipairs(spec.rows) do
    local other = place[spec.against and spec.against[r] or spec.rows[1]]
    local ours, theirs, a, b = values.by_seed[r][main] or {}, values.by_seed[other][main] or {}, {}, {}
    for _, seed in ipairs(spec.seeds) do
      if ours[seed] and theirs[seed] then a[#a + 1], b[#b + 1] = ours[seed], theirs[seed] end
    end
    if r ~= other and #a >= 2 then
      tested[#tested + 1], found[#found + 1] = r, metric[spec.test](a, b).p
    end
  end
  for i, corrected in ipairs(#found > 0 and metric.holm(found) or {}) do p[tested[i]] = corrected end
  return p
end

-- "0.912 ± 0.004", or "0.912 [0.905, 0.919]" with the 95 % interval of the mean.
local function mean_of(spec, list)
  if not spec.interval or #list < 2 then return tabulate.mean_std(list) end
  local found = metric.confidence_interval(list)
  return ("%.3f [%.3f, %.3f]"):format(found.mean, found.low, found.high)
end

-- The decimals that a column of the paper's numbers needs: three as ours have, more where any is written with more.
local function decimals(numbers)
  local digits = 3
  for _, value in pairs(numbers) do
    while digits < 6 and math.abs(tonumber(("%." .. digits .. "f"):format(value)) - value) > 1e-9 do digits = digits + 1 end
  end
  return digits
end

-- papers[key][r]: what a row's `paper` says of a column; a number alone is of the first column.
local function papers_of(spec, keys)
  local papers = {}
  for i, key in ipairs(keys) do
    for r = 1, #spec.rows do
      local given = spec.paper and spec.paper[r]
      if type(given) == "table" then given = given[key] elseif i > 1 then given = nil end
      if given then
        papers[key] = papers[key] or {}
        papers[key][r] = given
      end
    end
  end
  return papers
end

-- "1 row", "3 rows"
local function counted(n, what) return ("%d %s%s"):format(n, what, n == 1 and "" or "s") end

--- The table: a line a row, a column a metric (mean ± std over seeds), the difference of the first metric to the
-- first row (or to the row that spec.against[r] names), and n. Beside a metric of which the paper gives numbers stands
-- a column "paper" ("-" where a row has none), and beside the difference that of the paper's numbers. With spec.test a
-- column p of that paired test of the difference (Holm's correction over the rows); with spec.interval the 95 %
-- interval of a mean stands in the place of its deviation.
-- @param keys the metrics to show, the main one first
-- @param markdown a table of Markdown instead of one for a terminal
function ablation.table(spec, values, keys, markdown)
  local main, papers = keys[1], papers_of(spec, keys)
  local header, digits = { spec.title or "row" }, {}
  for _, key in ipairs(keys) do
    header[#header + 1] = key
    if papers[key] then
      header[#header + 1] = "paper"
      digits[key] = decimals(papers[key])
    end
  end
  header[#header + 1] = "difference"
  if papers[main] then header[#header + 1] = "paper" end
  local place = {}
  for r, row in ipairs(spec.rows) do place[row] = r end
  local p = spec.test and spec.test ~= "none" and values.by_seed and significance(spec, values, main, place)
  if p then header[#header + 1] = "p" end
  header[#header + 1] = "n"
  local rows = {}
  for r, row in ipairs(spec.rows) do
    local line = { row }
    for _, key in ipairs(keys) do
      line[#line + 1] = mean_of(spec, values[r][key] or {})
      if papers[key] then
        local theirs = papers[key][r]
        line[#line + 1] = theirs and ("%." .. digits[key] .. "f"):format(theirs) or "-"
      end
    end
    local other = place[spec.against and spec.against[r] or spec.rows[1]]
    local mean, reference = tabulate.statistics(values[r][main] or {}), tabulate.statistics(values[other][main] or {})
    line[#line + 1] = r ~= other and mean and reference and tabulate.signed(mean - reference) or ""
    if papers[main] then
      local theirs, reference_of_theirs = papers[main][r], papers[main][other]
      line[#line + 1] = r == other and "" or theirs and reference_of_theirs
        and tabulate.signed(theirs - reference_of_theirs, digits[main]) or "-"
    end
    if p then line[#line + 1] = p[r] and (p[r] < 0.001 and "< 0.001" or ("%.3f"):format(p[r])) or "" end
    line[#line + 1] = count(spec, values, r)
    rows[#rows + 1] = line
  end
  return (markdown and tabulate.markdown or tabulate.text)(header, rows)
end

-- The processors shared out among trials that run at the same time; $OMP_NUM_THREADS where that is less.
local function threads_of_each(jobs)
  local wish = tonumber(os.getenv "OMP_NUM_THREADS" or "") or math.huge
  return math.max(1, math.min(wish, math.floor(system.cpu_count() / jobs)))
end

--- Runs it and writes the table.
-- @param spec { title, test = "paired_t", "wilcoxon" or nil, interval = boolean, rows = labels, against =
--   { [r] = label } or nil, paper = { [r] = number or { [key] = number } }, seeds, jobs, metrics (keys to show; nil:
--   all), trials = list of { label = of the row, row, seed, overrides } }
-- @param options { command = function(overrides, i) -> list, write, live, width,
--   note = a line above and below the table,
--   done = { [i] = result } of trials that need not run, begun = { [i] = run } of those that go on, markdown = the
--   table as Markdown, complete = function(values, results) -> hints: fills in what rows say of each other
--   (row_references) }
-- @return the exit code (0; 2 where a trial found its script wrong: then the rest is not run; 5 where trials failed;
--   75 where interrupted, the running trials saved), and { values, failed, keys, results } for whoever reports further
function ablation.run(spec, options)
  local list, places, there, going_on = {}, {}, 0, 0
  for i, trial in ipairs(spec.trials) do
    if options.done and options.done[i] then
      there = there + 1
    else
      list[#list + 1] = { label = ("%s, seed %d"):format(trial.label, trial.seed),
                          command = options.command(trial.overrides, i) }
      going_on = going_on + (options.begun and options.begun[i] and 1 or 0)
      places[#list] = i
    end
  end
  local jobs, finished = math.max(1, math.min(spec.jobs, #list)), there
  if options.note then options.write(options.note .. "\n") end
  options.write(("%s (%s, %s), %s\n"):format(counted(#spec.trials, "trial"), counted(#spec.rows, "row"),
    counted(#spec.seeds, "seed"), #list == 0 and "all in the store" or ("%d at a time"):format(jobs)
      .. (there > 0 and ("; %d in the store"):format(there) or "")
      .. (going_on > 0 and ("; %d %s on from a checkpoint"):format(going_on, going_on == 1 and "goes" or "go") or "")))
  local ran, stopped = trials.run(list, {
    jobs = jobs, threads = threads_of_each(jobs), write = options.write,
    live = options.live, width = options.width, fatal = 2, vectorize = options.vectorize,
    done = function(result)
      finished = finished + 1
      local what = result.code == 2 and "cannot be run:" -- what it says follows
        or result.code == 75 and "interrupted, saved"
        or result.code ~= 0 and ("failed (exit code %d): %s"):format(result.code, result.reason)
        or ablation.brief(result.metrics, spec.metrics)
      return ("%d/%d  %s  %s  %.1f s"):format(finished, #spec.trials, result.label, what, result.seconds)
    end,
  })
  local results = {}
  for i, result in pairs(options.done or {}) do results[i] = result end
  for i, result in pairs(ran) do results[places[i]] = result end
  if stopped and stopped ~= "interrupted" then
    options.write(stopped.errors)
    return 2, { results = results }
  end
  local values, failed, keys = ablation.collect(spec, results)
  keys = spec.metrics or keys
  local hints = options.complete and options.complete(values, results) or {}
  local failures, succeeded = 0, 0
  for r = 1, #spec.rows do failures = failures + #failed[r] end
  for _, result in pairs(results) do succeeded = succeeded + (result.code == 0 and 1 or 0) end
  if stopped then options.write(("\ninterrupted: %d of %d trials finished; the same command runs the rest\n")
    :format(succeeded, #spec.trials)) end
  if #keys > 0 and (not stopped or succeeded > 0) then
    options.write("\n" .. ablation.table(spec, values, keys, options.markdown) .. "\n")
    for _, hint in ipairs(hints) do options.write(hint .. "\n") end
    if options.note then options.write(options.note .. "\n") end
  end
  if failures > 0 and not stopped then
    options.write(("\n%d of %d trials failed and are in no mean:\n"):format(failures, #spec.trials))
    for r = 1, #spec.rows do
      for _, result in ipairs(failed[r]) do
        options.write(("  %s: exit code %d: %s\n"):format(result.label, result.code, result.reason))
      end
    end
  end
  local outcome = { values = values, failed = failed, keys = keys, results = results }
  return stopped and 75 or failures > 0 and 5 or 0, outcome
end

--- "test.top1 0.912": a finished trial in a few words; what it has no value for (yet) is left out.
function ablation.brief(metrics, keys)
  local parts = {}
  for _, pair in ipairs(metrics) do
    local wanted = not keys
    for _, key in ipairs(keys or {}) do wanted = wanted or key == pair[1] end
    wanted = wanted and pair[2] == pair[2]
    if wanted and #parts < 3 then parts[#parts + 1] = ("%s %.3f"):format(pair[1], pair[2]) end
  end
  return table.concat(parts, "  ")
end

return ablation
