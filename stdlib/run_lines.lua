--- Courses of a metric over training as plot.line draws them from runs: a line for each value of one parameter, a
-- panel for each value of another, mean and spread over seeds.
local axes = require "sweep.axes"
local nearest = require "language.nearest"

-- The text of a parameter of a run, checked to be one.
local function value_of(run, name, known)
  local value = run.params and run.params[name]
  if value == nil then
    local names = {}
    for key in pairs(known) do names[#names + 1] = key end
    table.sort(names)
    error(("plot.line: the runs have no parameter '%s'%s"):format(name, nearest.or_all(name, names)), 0)
  end
  return axes.text(value)
end

local function known_params(source)
  local known = {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for key in pairs(run.params or {}) do known[key] = true end
    end
  end
  return known
end

-- Runs of one line must be seeds of one configuration: a mean over others would mix different things.
local function same_params(line, first, run, o)
  for key, value in pairs(run.params or {}) do
    if key ~= "seed" and axes.text(first.params[key]) ~= axes.text(value) then
      error(("plot.line: the runs of '%s' differ in '%s' too: name it as color or facet"):format(line, key), 0)
    end
  end
end

-- list of { name, lines = list of { name, runs } }, in the order in which the values come.
local function panels_of(o, source)
  local known, panels, by_name = known_params(source), {}, {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      local panel_name = o.facet and value_of(run, o.facet, known) or ""
      local line_name = o.color and value_of(run, o.color, known) or o.facet and "" or group.name
      local panel = by_name[panel_name]
      if not panel then
        panel = { name = panel_name, lines = {}, by_name = {} }
        by_name[panel_name] = panel
        panels[#panels + 1] = panel
      end
      local line = panel.by_name[line_name]
      if not line then
        line = { name = line_name, runs = {} }
        panel.by_name[line_name] = line
        table.insert(panel.lines, line)
      end
      if line.runs[1] and line.runs[1].params then same_params(line.name, line.runs[1], run, o) end
      table.insert(line.runs, run)
    end
  end
  return panels
end

local function series_of(o, source, line)
  local curve = source:curve(line, o.y, o.x or "epoch")
  if #curve.x == 0 then return nil, 0 end
  local one, most = { name = line.name, x = curve.x, y = curve.mean, mark = o.marks }, 0
  for _, n in ipairs(curve.n) do most = math.max(most, n) end
  if most > 1 and o.band and o.band ~= "none" then
    one.low, one.high = {}, {}
    for i = 1, #curve.x do
      local std = curve.std[i] == curve.std[i] and curve.std[i] or 0
      one.low[i] = o.band == "range" and curve.low[i] or curve.mean[i] - std
      one.high[i] = o.band == "range" and curve.high[i] or curve.mean[i] + std
    end
  end
  return one, most
end

--- What host/run/plot_input.hpp draws.
-- @param o { y = key, x = "epoch", "step" or "seconds" (nil: epoch), color, facet = parameters or nil, band = "std",
--   "range", "none" or nil, log, x_label, y_label }
-- Errors: no such metric or parameter (with the nearest); runs of one line that differ in more than their seed.
return function(o, source)
  source:check(o.y)
  local parts, most = {}, 0
  for _, panel in ipairs(panels_of(o, source)) do
    local series = {}
    for _, line in ipairs(panel.lines) do
      local one, n = series_of(o, source, line)
      series[#series + 1], most = one, math.max(most, n)
    end
    if #series > 0 then
      parts[#parts + 1] = {
        kind = "xy", series = series, title = o.facet and ("%s = %s"):format(o.facet, panel.name) or nil,
        x = { label = o.x_label ~= "" and o.x_label or o.x or "epoch", log = o.log == "x" or o.log == "xy" },
        y = { label = o.y_label ~= "" and o.y_label or o.y, log = o.log == "y" or o.log == "xy" },
      }
    end
  end
  if #parts == 0 then
    error(("plot.line: %s was measured after training alone, so it has no course"):format(o.y), 0)
  end
  local subtitle = most > 1 and ("%s over %d seeds"):format((o.band or "none") == "none" and "mean"
    or o.band == "range" and "mean, least and most" or "mean ± std", most) or nil
  if not o.facet then
    parts[1].title, parts[1].subtitle = source.title, subtitle
    return parts[1]
  end
  return { kind = "stack", title = source.title .. (subtitle and ", " .. subtitle or ""), parts = parts,
           columns = math.min(#parts, 3) }
end
