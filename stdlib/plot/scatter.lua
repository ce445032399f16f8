local numbers = require "plot_numbers"
local plotting = require "plotting"
local schema = require "schema"

--- Points: y against x, with an error bar where `error` gives half its length. Several kinds of points where both have
-- rows or names.
-- @usage plot.scatter { x = torch.rand(20), y = torch.rand(20), x_label = "distance in WordNet", y_label = "learnt" }
return plotting.declare("plot.scatter", {
  { "x", "any", schema.required, "numbers [N], rows of them [S, N], or { name = numbers }" },
  { "y", "any", schema.required, "as x" },
  { "error", "any", schema.optional, "half the length of each point's error bar, as y" },
  { "names", "list of string", schema.optional, "of the rows" },
  { "x_label", "string", "", "below the x axis, with its unit" },
  { "y_label", "string", "", "above the y axis, with its unit" },
  { "log", "one of none|x|y|xy", "none", "logarithmic axes" },
}, function(o)
  local ys, xs = numbers.series(o.y, o.names, "plot.scatter: y"), numbers.series(o.x, nil, "plot.scatter: x")
  local errors = o.error and numbers.series(o.error, nil, "plot.scatter: error")
  local series = {}
  for i, y in ipairs(ys) do
    local x, half = xs[#xs == 1 and 1 or i], errors and errors[i]
    if not x or #x.values ~= #y.values or half and #half.values ~= #y.values then
      error(("plot.scatter: x, y and error differ in length (%s, %d%s)"):format(x and #x.values or "none", #y.values,
        half and ", " .. #half.values or ""), 0)
    end
    local low, high
    if half then
      low, high = {}, {}
      for k, value in ipairs(y.values) do low[k], high[k] = value - half.values[k], value + half.values[k] end
    end
    series[i] = { name = y.name, x = x.values, y = y.values, low = low, high = high, mark = "points" }
  end
  return { kind = "xy", series = series, x = { label = o.x_label, log = o.log == "x" or o.log == "xy" },
           y = { label = o.y_label, log = o.log == "y" or o.log == "xy" } }
end)
