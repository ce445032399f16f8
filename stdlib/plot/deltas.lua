local nearest = require "language.nearest"
local plotting = require "plotting"
local schema = require "schema"
local tabulate = require "tabulate"

-- Which row the others are compared with.
local function reference(o, source)
  if not o.against then return source.groups[1] end
  local names = {}
  for i, group in ipairs(source.groups) do
    if group.name == o.against then return group end
    names[i] = group.name
  end
  error(("plot.deltas: no row is called '%s'%s (%s)"):format(o.against, nearest.did_you_mean(o.against, names),
    table.concat(names, ", ")), 0)
end

-- Differences of runs with the same seed; of the means, without a spread, where no seed is shared.
local function differences(ours, theirs)
  local by_seed, list = {}, {}
  for _, final in ipairs(theirs) do by_seed[final.seed or "none"] = final.value end
  for _, final in ipairs(ours) do
    local other = by_seed[final.seed or "none"]
    if other then list[#list + 1] = final.value - other end
  end
  if #list > 0 then return tabulate.statistics(list) end
  local function mean(finals)
    local values = {}
    for i, final in ipairs(finals) do values[i] = final.value end
    return tabulate.statistics(values)
  end
  local a, b = mean(ours), mean(theirs)
  return a and b and a - b or nil, nil, 0
end

--- What each row of an ablation changes: the difference of a metric to the first row, seed by seed, with the standard
-- deviation of these differences.
-- @usage plot.deltas "test.top1"
return plotting.declare("plot.deltas", {
  { "metric", "string", schema.optional, "the ablation's first metric where absent", at = 1 },
  { "against", "string", schema.optional, "the row that the others are compared with; the first one where absent" },
}, function(o, source)
  if not source then plotting.without_source("plot.deltas", "its rows are those of an ablation") end
  if #source.groups < 2 then error("plot.deltas: it compares the rows of an ablation: moonlab plot ABLATION.lua deltas", 0) end
  local key = o.metric or source:main_key()
  source:check(key)
  local base = reference(o, source)
  local theirs = source:finals(base, key)
  if #theirs == 0 then error(("plot.deltas: row '%s' has no '%s'"):format(base.name, key), 0) end
  local labels, value, spread, most = {}, {}, {}, 0
  for _, group in ipairs(source.groups) do
    if group ~= base then
      local mean, std, n = differences(source:finals(group, key), theirs)
      labels[#labels + 1] = group.name
      value[#labels], spread[#labels] = mean or 0 / 0, std or 0 / 0
      most = math.max(most, n)
    end
  end
  return { kind = "bars", title = source.title, signs = true, label = ("difference in %s"):format(key), labels = labels,
           subtitle = ("against '%s'%s"):format(base.name, most > 1 and (", mean ± std over %d seeds"):format(most) or ""),
           series = { { value = value, error = spread } } }
end)
