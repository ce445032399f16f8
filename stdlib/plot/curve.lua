local plotting = require "plotting"

-- "test.onehot.top1" -> "top1"; "train.loss" -> "train"; "grad_norm/binary" -> "grad_norm"
local function family(key)
  if key:find("/", 1, true) then return key:match "^[^/]*" end
  return key:match "^train%." and "train" or key:match "[^.]*$"
end

-- The keys of a panel each: those of one family together. A loss of one term is that term.
local function families(source)
  local panels, by_family, terms = {}, {}, 0
  for _, key in ipairs(source:keys()) do
    if key:match "^train%." then terms = terms + 1 end
  end
  for _, key in ipairs(source:keys()) do
    local name = family(key)
    if terms == 2 and name == "train" then name = key == "train.loss" and "train.loss" or nil end
    if name and not by_family[name] then
      by_family[name] = { name = name }
      panels[#panels + 1] = by_family[name]
    end
    if name then table.insert(by_family[name], key) end
  end
  return panels
end

local function name_of(group, key, groups, keys)
  if #groups == 1 then return key end
  return #keys == 1 and group.name or group.name .. ": " .. key
end

-- One panel: a line for each group and key.
local function panel(o, source, keys, label)
  local series, n = {}, 0
  for _, group in ipairs(source.groups) do
    for _, key in ipairs(keys) do
      local curve = source:curve(group, key, o.x)
      if #curve.x > 0 then
        local one = { name = name_of(group, key, source.groups, keys), x = curve.x, y = curve.mean }
        for i, count in ipairs(curve.n) do n = math.max(n, count) end
        if n > 1 and o.band ~= "none" then
          one.low, one.high = {}, {}
          for i = 1, #curve.x do
            local std = curve.std[i] == curve.std[i] and curve.std[i] or 0
            one.low[i] = o.band == "range" and curve.low[i] or curve.mean[i] - std
            one.high[i] = o.band == "range" and curve.high[i] or curve.mean[i] + std
          end
        end
        series[#series + 1] = one
      end
    end
  end
  local spread = o.band == "none" and "mean" or o.band == "range" and "mean, least and most" or "mean ± std"
  local units = { seconds = "seconds of training" }
  return {
    kind = "xy", series = series, x = { label = units[o.x] or o.x, log = o.log == "x" or o.log == "xy" },
    y = { label = label, log = o.log == "y" or o.log == "xy" },
    subtitle = n > 1 and ("%s over %d seeds"):format(spread, n) or nil,
  }
end

--- Learning curves: a metric after each epoch, as a line for each row of an ablation, with a band of the standard
-- deviation over seeds. Several keys, and patterns such as "train.*", share one plot; without any every metric has one
-- of its own.
-- @usage plot.curve "test.top1"
-- @usage plot.curve { "grad_norm/*", x = "step", log = "y" }
return plotting.declare("plot.curve", {
  { "keys", "list of string", {}, "metrics such as \"val.top1\"; all, each family in a panel, where absent", at = "rest" },
  { "x", "one of epoch|step|seconds", "epoch", "what the x axis counts" },
  { "band", "one of std|range|none", "std", "the spread over seeds around a line" },
  { "log", "one of none|x|y|xy", "none", "logarithmic axes" },
}, function(o, source)
  if not source then plotting.without_source("plot.curve", "its metrics are those of a run") end
  if #o.keys == 0 then
    local parts = {}
    for i, keys in ipairs(families(source)) do parts[i] = panel(o, source, keys, #keys == 1 and keys[1] or keys.name) end
    if #parts == 0 then error(("%s has no metrics yet"):format(source.title), 0) end
    return { kind = "stack", title = source.title, parts = parts, columns = #parts > 3 and 2 or 1 }
  end
  local keys = {}
  for _, pattern in ipairs(o.keys) do
    local found = source:matching(pattern)
    if #found == 0 then source:check(pattern) end
    for _, key in ipairs(found) do keys[#keys + 1] = key end
  end
  local data = panel(o, source, keys, #keys == 1 and keys[1] or table.concat(o.keys, ", "))
  data.title = source.title
  return data
end, {
  -- A metric that is measured once, at the end, has no course.
  ready = function(o, made)
    local known, during = {}, {}
    local function add(key, while_training)
      known[#known + 1] = key
      if while_training then during[key] = true end
    end
    for _, name in ipairs(made.objective.names or {}) do add("train." .. name, true) end
    add("train.loss", true)
    for _, split in ipairs(made.during) do
      for _, entry in ipairs(made.metrics) do add(split .. "." .. entry.key, true) end
    end
    for _, split in ipairs(made.final) do
      for _, entry in ipairs(made.metrics) do add(split .. "." .. entry.key) end
    end
    for _, key in ipairs(o.keys) do
      local there = key:find("[*/]") ~= nil or during[key]
      if not there then
        for _, candidate in ipairs(known) do
          if candidate == key then
            return ("plot.curve: '%s' is measured after training alone; eval = { during = { \"%s\" } } measures it after"
              .. " each epoch"):format(key, key:match "^(.-)%.[%w_]+$")
          end
        end
        return ("plot.curve: unknown metric '%s'%s (%s)"):format(key, require "language.nearest".did_you_mean(key, known),
          table.concat(known, ", "))
      end
    end
  end,
})
