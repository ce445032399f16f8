--- The tables of a sweep: from what its journal and runs say to lines with means, spreads, marks and tests.
local axes = require "sweep.axes"
local formats = require "sweep.formats"
local layout = require "sweep.layout"
local learning_curve = require "learning_curve"
local metric_host = require "host.metric"
local nearest = require "language.nearest"
local record = require "sweep.record"
local references = require "sweep.references"
local tabulate = require "tabulate"

local sweep_table = {}

--- The numbers of one metric in a cell: { values, seeds, state = "done", "pruned" or "missing", of = trials, halved }.
local function numbers(cell, key, scale)
  local found = { values = {}, seeds = {}, by_seed = {}, of = #cell.trials, halved = 0, pruned = cell.pruned }
  for _, trial in ipairs(cell.trials) do
    local value = trial.values[key]
    if trial.state == "done" and trial.batch then
      found.halved = found.halved + 1
    elseif trial.state == "done" and value and not cell.pruned then
      found.values[#found.values + 1] = value * scale
      found.by_seed[trial.seed] = value * scale
      found.seeds[#found.seeds + 1] = trial.seed
    end
  end
  local computed = cell.computed and cell.computed[key] -- of all seeds together
  if computed and not cell.pruned then
    found.values, found.seeds, found.by_seed = {}, {}, {}
    for i, value in ipairs(computed) do found.values[i] = value * scale end
    found.of = math.max(#computed, 1)
  end
  found.mean, found.std, found.n = tabulate.statistics(found.values)
  return found
end

-- "0.912 ± 0.004 (3)" without its marks.
local function place_text(found, o)
  if found.pruned then return "pruned@" .. found.pruned end
  if found.n == 0 then return "-" end
  local format = "%." .. o.digits .. "f"
  local count = found.n == found.of and ("(%d)"):format(found.n) or ("(%d of %d)"):format(found.n, found.of)
  if o.interval and found.n > 1 then
    local interval = metric_host.confidence_interval(found.values)
    return (format .. " [" .. format .. ", " .. format .. "] %s"):format(found.mean, interval.low, interval.high, count)
  end
  return tabulate.mean_std(found.values, o.digits) .. " " .. count
end

-- Compares places with the baseline's of the same column; p values corrected over the whole table.
local function test(places, o, base_row)
  local tested, ps = {}, {}
  for r, row in ipairs(places) do
    for c, place in ipairs(row) do
      local base = places[base_row][c]
      if r ~= base_row and place.n and base.n and place.n > 0 and base.n > 0 then
        local a, b = {}, {}
        for _, seed in ipairs(place.seeds) do
          if base.by_seed[seed] then a[#a + 1], b[#b + 1] = place.by_seed[seed], base.by_seed[seed] end
        end
        if #a >= 2 then
          local result = metric_host[o.test](a, b)
          place.p, place.difference = result.p, result.difference
          if result.p == result.p then
            tested[#tested + 1] = place
            ps[#ps + 1] = result.p
          end
        end
      end
    end
  end
  for i, p in ipairs(#ps > 0 and metric_host.holm(ps) or {}) do tested[i].corrected = p end
  return #ps
end

-- Distinct values that cells have of some axes, in the order in which they come.
local function values_of(cells, keys)
  local found, seen = {}, {}
  for _, cell in ipairs(cells) do
    local parts = {}
    for i, key in ipairs(keys) do parts[i] = axes.text(cell.values[key]) end
    local text = table.concat(parts, "\t")
    if not seen[text] then
      seen[text] = true
      found[#found + 1] = { text = text, parts = parts }
    end
  end
  return found
end

local function key_of(cell, keys)
  local parts = {}
  for i, key in ipairs(keys) do parts[i] = axes.text(cell.values[key]) end
  return table.concat(parts, "\t")
end

-- Marks the best place of each column.
local function mark_best(places, columns, mode)
  for c = 1, columns do
    local best
    for _, row in ipairs(places) do
      local place = row[c]
      if place.n and place.n > 0 and place.mean == place.mean
        and (not best or (mode == "min" and place.mean < best.mean or mode ~= "min" and place.mean > best.mean)) then
        best = place
      end
    end
    if best then best.best = true end
  end
end

-- That no finished trial has a metric, with the nearest that they have; nil where one does, or none is finished.
local function unmeasured(results, metric)
  local finished = false
  for _, cell in ipairs(results.cells) do
    for _, trial in ipairs(cell.trials) do
      finished = finished or trial.state == "done"
      if trial.values[metric] or cell.computed and cell.computed[metric] then return nil end
    end
  end
  return finished and ("no trial has measured '%s'%s"):format(metric, nearest.or_all(metric, results.keys)) or nil
end

--- One table of tabulate {} (its options as plain data): what formats.lua writes.
function sweep_table.of(results, o)
  local rows, cols = layout.of(results.spec, o)
  local row_values, col_values = values_of(results.cells, rows), values_of(results.cells, cols)
  local by_place = {}
  for _, cell in ipairs(results.cells) do
    by_place[key_of(cell, rows)] = by_place[key_of(cell, rows)] or {}
    by_place[key_of(cell, rows)][key_of(cell, cols)] = cell
  end
  local made = { title = o.title, rows = rows, cols = cols, metric = o.cell.metric, names = {}, heads = {}, places = {},
                 notes = {}, options = o }
  local halved, base_row = 0, nil
  for r, row in ipairs(row_values) do
    made.names[r], made.places[r] = row.parts, {}
    if o.baseline ~= nil and row.text == axes.text(o.baseline) then base_row = r end
    for c, col in ipairs(col_values) do
      local cell = by_place[row.text][col.text]
      local place = cell and numbers(cell, o.cell.metric, o.cell.scale) or { text = "" }
      if cell then place.text = place_text(place, o.cell) end
      halved = halved + (place.halved or 0)
      made.places[r][c] = place
    end
  end
  for c, col in ipairs(col_values) do
    local parts = {}
    for i, key in ipairs(cols) do parts[i] = key .. "=" .. col.parts[i] end
    made.heads[c] = #parts > 0 and table.concat(parts, " ") or o.cell.metric
  end
  if o.mark == "best" then mark_best(made.places, #col_values, learning_curve.mode_of(o.cell.metric)) end
  made.notes[1] = ("%s: mean %s (n)%s"):format(o.cell.metric, o.cell.interval and "[95 % interval]" or "± std",
    o.mark == "best" and "; %s the best of its column" or "")
  if o.test ~= "none" and base_row then
    local count = test(made.places, o, base_row)
    for _, row in ipairs(made.places) do
      for _, place in ipairs(row) do
        place.alike = place.p ~= nil and not (place.corrected and place.corrected < o.alpha)
      end
    end
    made.base_row = base_row
    local base = row_values[base_row].text
    local name = o.test == "paired_t" and "paired t test" or "Wilcoxon's signed-rank test"
    made.notes[#made.notes + 1] = count == 0
      and ("nothing is tested against %s: a paired test needs two seeds that both have"):format(base)
      or ("~ not significantly different from %s (%s over seeds, Holm's correction for %d comparison%s, p < %g)"):format(
        base, name, count, count == 1 and "" or "s", o.alpha)
  end
  local missing = unmeasured(results, o.cell.metric)
  if missing then made.notes[#made.notes + 1] = missing end
  if halved > 0 then
    made.notes[#made.notes + 1] = ("%d trial%s ran with a halved batch and %s in no mean"):format(halved,
      halved == 1 and "" or "s", halved == 1 and "is" or "are")
  end
  return made
end

-- A line for each cell, a column for each metric: where the sweep asks for no other table.
local function plain(results)
  local spec = results.spec
  local keys = #spec.metrics > 0 and spec.metrics or results.keys
  local made = { title = nil, rows = {}, cols = {}, names = {}, heads = {}, places = {}, notes = {}, options = {} }
  for i, axis in ipairs(layout.axes(spec)) do made.rows[i] = axis.key end
  if #made.rows == 0 then made.rows[1] = spec.name end
  for r, cell in ipairs(results.cells) do
    made.names[r], made.places[r] = {}, {}
    for i, key in ipairs(made.rows) do
      made.names[r][i] = cell.values[key] ~= nil and axes.text(cell.values[key]) or cell.label
    end
    for c, key in ipairs(keys) do
      local place = numbers(cell, key, 1)
      place.text = place_text(place, { digits = 3 })
      made.places[r][c] = place
    end
  end
  for c, key in ipairs(keys) do made.heads[c] = key end
  return made
end

sweep_table.plain = plain

--- All tables of a sweep as a text.
-- @param directory STORE/sweeps/ID
-- @param options { format = "text" (the default), "markdown", "latex" or "csv", store = where its runs are }
function sweep_table.render(directory, options)
  options = options or {}
  local format = options.format or "text"
  local writer = formats[format]
  if not writer then error(("unknown format '%s'%s"):format(format, nearest.or_all(format, formats.names)), 0) end
  local store = options.store or directory:match "^(.*)/sweeps/[^/]+/*$" or "."
  local results = record.results(directory, store)
  local hints = references(results, store)
  local parts = {}
  for _, o in ipairs(results.spec.report) do parts[#parts + 1] = writer(sweep_table.of(results, o)) end
  if #parts == 0 then parts[1] = writer(plain(results)) end
  if format == "text" then
    for _, hint in ipairs(hints) do parts[#parts] = parts[#parts] .. "\n" .. hint end
  end
  return table.concat(parts, "\n\n"), results
end

return sweep_table
