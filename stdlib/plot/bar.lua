local numbers = require "plot_numbers"
local plotting = require "plotting"
local schema = require "schema"
local tabulate = require "tabulate"

-- The last value of a metric in each row of a source: mean and std over its seeds.
local function of_rows(o, source)
  local key = o.metric or source:main_key()
  source:check(key)
  local labels, value, error_bars, n = {}, {}, {}, 0
  for i, group in ipairs(source.groups) do
    local list = {}
    for k, final in ipairs(source:finals(group, key)) do list[k] = final.value end
    local mean, std = tabulate.statistics(list)
    labels[i], value[i], error_bars[i] = group.name, mean or 0 / 0, std or 0 / 0
    n = math.max(n, #list)
  end
  return { kind = "bars", title = source.title, label = key, labels = labels,
           subtitle = n > 1 and ("mean ± std over %d seeds"):format(n) or nil,
           series = { { value = value, error = error_bars } } }
end

--- Bars of numbers with error bars; groups of them where `value` has rows or names. Without numbers: the last value of a
-- metric in each row of an ablation, mean and std over its seeds.
-- @usage plot.bar { value = { 0.91, 0.93 }, error = { 0.01, 0.004 }, labels = { "one-hot", "LwAL" } }
return plotting.declare("plot.bar", {
  { "metric", "string", schema.optional, "of the rows of an ablation; the main one where absent", at = 1 },
  { "value", "any", schema.optional, "numbers [N], rows of them [S, N], or { name = numbers }" },
  { "error", "any", schema.optional, "half the length of the error bars, as value" },
  { "labels", "list of string", schema.optional, "of the N bars" },
  { "names", "list of string", schema.optional, "of the rows of value" },
  { "y_label", "string", "", "what is measured, with its unit" },
  { "signs", "boolean", false, "values are differences: written with their sign" },
}, function(o, source)
  if o.value == nil then
    if not source then plotting.without_source("plot.bar", "give value = ...") end
    return of_rows(o, source)
  end
  local errors = o.error and numbers.series(o.error, nil, "plot.bar: error")
  local series = {}
  for i, found in ipairs(numbers.series(o.value, o.names, "plot.bar: value")) do
    series[i] = { name = found.name, value = found.values, error = errors and errors[i] and errors[i].values }
  end
  return { kind = "bars", label = o.y_label, labels = numbers.names(o.labels, #series[1].value, "plot.bar: labels"),
           series = series, signs = o.signs }
end)
