local numbers = require "plot_numbers"
local plotting = require "plotting"
local run_lines = require "run_lines"
local schema = require "schema"

-- What lies around y: half widths (a std), or { low, high }. -> low, high
local function around(o, series, i)
  if o.band == nil then return nil end
  local band = o.band
  if type(band) == "table" and band.low ~= nil and band.high ~= nil then
    local low = numbers.series(band.low, nil, "plot.line: band.low")[i]
    local high = numbers.series(band.high, nil, "plot.line: band.high")[i]
    if not low or not high then error("plot.line: band has fewer rows than y", 0) end
    return low.values, high.values
  end
  local half = numbers.series(band, nil, "plot.line: band")[i]
  if not half then error("plot.line: band has fewer rows than y", 0) end
  if #half.values ~= #series.values then
    error(("plot.line: band has %d numbers, y has %d"):format(#half.values, #series.values), 0)
  end
  local low, high = {}, {}
  for k, value in ipairs(series.values) do low[k], high[k] = value - half.values[k], value + half.values[k] end
  return low, high
end

--- Lines of numbers: y against x, or against 1, 2, ...; several where y has rows or names. Points that are nan
-- interrupt a line. Like every plot it is written by p:save "a.svg" (or .png, with { theme = "dark", scale = 2 }) and
-- printed by p:show(). With a metric as y the numbers are those of a run, an ablation or a sweep: its course over
-- training, a line for each value of the parameter `color`, a panel for each of `facet`, mean over seeds.
-- @usage plot.line { x = "epoch", y = "val.top1", color = "head", facet = "fraction", band = "std" }
-- @usage plot.line { x = torch.arange(3), y = torch.tensor { 0.2, 0.5, 0.6 }, band = torch.tensor { 0.1, 0.05, 0.02 } }
-- @usage plot.line { y = { ours = { 1, 2, 4 }, theirs = { 1, 3, 9 } }, x_label = "step", log = "y" }
return plotting.declare("plot.line", {
  { "y", "any", schema.required, 
    "numbers [N], rows of them [S, N], { name = numbers }, or a metric of runs such as \"val.top1\"", at = 1 },
  { "x", "any", schema.optional, "numbers [N]; 1, 2, ... where absent; of runs epoch, step or seconds" },
  { "band", "any", schema.optional,
    "half the width of a band around each line, as y; or { low = ..., high = ... }; of runs std, range or none" },
  { "color", "string", schema.optional, "of runs: a parameter each of whose values has a line" },
  { "facet", "string", schema.optional, "of runs: a parameter each of whose values has a panel" },
  { "names", "list of string", schema.optional, "of the rows of y" },
  { "marks", "one of line|points", "line", "lines, or points with the band as whiskers" },
  { "x_label", "string", "", "below the x axis, with its unit" },
  { "y_label", "string", "", "above the y axis, with its unit" },
  { "log", "one of none|x|y|xy", "none", "logarithmic axes" },
}, function(o, source)
  if type(o.y) == "string" then
    if not source then plotting.without_source("plot.line", "its metrics are those of runs") end
    return run_lines(o, source)
  end
  local series = {}
  for i, found in ipairs(numbers.series(o.y, o.names, "plot.line: y")) do
    local x = o.x and numbers.list(o.x, "plot.line: x") or numbers.count(#found.values)
    local low, high = around(o, found, i)
    if #x ~= #found.values then
      error(("plot.line: x has %d numbers, y%s has %d"):format(#x, found.name ~= "" and " (" .. found.name .. ")" or "",
        #found.values), 0)
    end
    series[i] = { name = found.name, x = x, y = found.values, low = low, high = high, mark = o.marks }
  end
  return { kind = "xy", series = series, x = { label = o.x_label, log = o.log == "x" or o.log == "xy" },
           y = { label = o.y_label, log = o.log == "y" or o.log == "xy" } }
end, {
  check = function(o)
    local function one_of(field, words)
      if o[field] == nil or (" " .. words .. " "):find(" " .. tostring(o[field]) .. " ", 1, true) then return nil end
      return ("%s of a metric's course is one of %s"):format(field, (words:gsub(" ", ", "))), field
    end
    if type(o.y) == "string" then
      local problem, field = one_of("x", "epoch step seconds")
      if problem then return problem, field end
      return one_of("band", "std range none")
    end
    for _, field in ipairs { "color", "facet" } do
      if o[field] then return ("'%s' is of runs: y = \"val.top1\""):format(field), field end
    end
  end,
})
