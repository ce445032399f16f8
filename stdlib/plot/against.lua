local nearest = require "language.nearest"
local plotting = require "plotting"
local schema = require "schema"
local tabulate = require "tabulate"

-- Raises where no run has a parameter of this name.
local function check(source, name)
  local seen, names = {}, {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for known in pairs(run.params or {}) do
        if not seen[known] then
          seen[known] = true
          names[#names + 1] = known
        end
      end
    end
  end
  table.sort(names)
  if seen[name] then return end
  error(("plot.against: the runs have no parameter '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names),
    #names > 0 and table.concat(names, ", ") or "none"), 0)
end

-- Rows that differ from the first one in these two parameters alone: others would be a mean over different things. Of a
-- sweep its axes count, not what is derived from them.
local function comparable(o, source)
  local base, kept = nil, {}
  for _, group in ipairs(source.groups) do
    local params = group.runs[1] and group.runs[1].params
    base = base or params
    local same = params ~= nil
    for name, value in pairs(params or {}) do
      local counts = name ~= o.parameter and name ~= o.by and (not source.axes or source.axes[name])
      same = same and (not counts or value == base[name])
    end
    if same then kept[#kept + 1] = group end
  end
  return kept
end

--- What a metric becomes as a parameter grows, such as accuracy against the share of the data: a point for each of its
-- values, mean over seeds, with a band of their standard deviation; a line for each value of another parameter. Rows
-- that differ from the first one in anything else are left out.
-- @usage plot.against { "fraction", metric = "test.top1", by = "head", log = "x" }
return plotting.declare("plot.against", {
  { "parameter", "string", schema.required, "a parameter of the script whose values are numbers", at = 1 },
  { "metric", "string", schema.optional, "the ablation's first metric where absent" },
  { "by", "string", schema.optional, "a parameter each of whose values has a line" },
  { "log", "one of none|x|y|xy", "none", "logarithmic axes" },
}, function(o, source)
  if not source then plotting.without_source("plot.against", "its points are runs of an ablation") end
  local key = o.metric or source:main_key()
  source:check(key)
  check(source, o.parameter)
  if o.by then check(source, o.by) end
  local lines, by_name, most = {}, {}, 0
  for _, group in ipairs(comparable(o, source)) do
    for _, final in ipairs(source:finals(group, key)) do
      local x, name = final.params[o.parameter], o.by and tostring(final.params[o.by]) or ""
      if type(x) ~= "number" then
        error(("plot.against: '%s' must be a number in all rows, got %s in '%s'"):format(o.parameter, tostring(x),
          group.name), 0)
      end
      local line = by_name[name]
      if not line then
        line = { name = name, places = {}, xs = {} }
        by_name[name] = line
        lines[#lines + 1] = line
      end
      if not line.places[x] then
        line.places[x] = {}
        table.insert(line.xs, x)
      end
      table.insert(line.places[x], final.value)
    end
  end
  local series = {}
  for i, line in ipairs(lines) do
    table.sort(line.xs)
    local one = { name = line.name, x = line.xs, y = {}, low = {}, high = {} }
    for k, x in ipairs(line.xs) do
      local mean, std, n = tabulate.statistics(line.places[x])
      one.y[k], one.low[k], one.high[k] = mean, mean - (std or 0), mean + (std or 0)
      most = math.max(most, n)
    end
    if most < 2 then one.low, one.high = nil, nil end
    series[i] = one
  end
  return { kind = "xy", title = source.title, series = series, x = { label = o.parameter, log = o.log == "x" or o.log == "xy" },
           y = { label = key, log = o.log == "y" or o.log == "xy" },
           subtitle = most > 1 and ("mean ± std over %d seeds"):format(most) or nil }
end)
