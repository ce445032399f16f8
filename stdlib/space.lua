--- Ranges of a sweep's `space`, from which its search draws values.
--
-- Each node builds { from_unit = function(u) -> value, to_unit = function(value) -> u, kind, low, high, log, values }:
-- every value of the range has a place u in [0, 1), so that a search works on the unit cube alone (search/*.lua).
local schema = require "schema"

-- Six digits are more than any of these values means, and its text is short.
local function short(value) return tonumber(("%.6g"):format(value)) end

local function ordered(o)
  if not (o.low < o.high) then
    return ("the range is empty: from %s to %s"):format(tostring(o.low), tostring(o.high)), "high"
  end
end

--- Numbers of a range, each as likely as any other.
-- @usage uniform(0.0, 0.5)
schema.declare("uniform", {
  { "low", "number", schema.required, "the smallest value", at = 1 },
  { "high", "number", schema.required, "the end of the range; not reached", at = 2 },
}, function(o)
  return { kind = "number", low = o.low, high = o.high,
           from_unit = function(u) return short(o.low + u * (o.high - o.low)) end,
           to_unit = function(value) return (value - o.low) / (o.high - o.low) end }
end, { check = ordered })

--- Numbers of a range, each factor as likely as any other: rates, weights of penalties.
-- @usage loguniform(1e-4, 1e-1)
schema.declare("loguniform", {
  { "low", "number > 0", schema.required, "the smallest value", at = 1 },
  { "high", "number > 0", schema.required, "the end of the range; not reached", at = 2 },
}, function(o)
  local low, high = math.log(o.low), math.log(o.high)
  return { kind = "number", low = o.low, high = o.high, log = true,
           from_unit = function(u) return short(math.exp(low + u * (high - low))) end,
           to_unit = function(value) return (math.log(value) - low) / (high - low) end }
end, { check = ordered })

--- Whole numbers of a range, both ends among them; with `log` each factor as likely as any other.
-- @usage int(2, 8)
-- @usage int { 16, 1024, log = true }
schema.declare("int", {
  { "low", "integer", schema.required, "the smallest value", at = 1 },
  { "high", "integer", schema.required, "the largest value", at = 2 },
  { "log", "boolean", false, "even over factors instead of differences" },
}, function(o)
  -- each whole number owns the half around it
  local low, high = o.low - 0.5, o.high + 0.5
  if o.log then low, high = math.log(low), math.log(high) end
  local function inside(value) return math.max(o.low, math.min(o.high, value)) end
  return { kind = "integer", low = o.low, high = o.high, log = o.log,
           from_unit = function(u)
             local value = low + u * (high - low)
             return inside(math.floor((o.log and math.exp(value) or value) + 0.5))
           end,
           to_unit = function(value) return ((o.log and math.log(value) or value) - low) / (high - low) end }
end, {
  check = function(o)
    if o.log and o.low < 1 then return ("with log = true it begins at 1 or above, got %d"):format(o.low), "low" end
    return ordered(o)
  end,
})

--- One of some values, each as likely as any other.
-- @usage choice { "relu", "gelu" }
return schema.declare("choice", {
  { "values", "list of (number or string or boolean)", schema.required, "the values", at = "rest" },
}, function(o)
  local place = {}
  for i, value in ipairs(o.values) do place[value] = i end
  return { kind = "choice", values = o.values,
           from_unit = function(u) return o.values[math.min(#o.values, math.floor(u * #o.values) + 1)] end,
           to_unit = function(value) return (place[value] - 0.5) / #o.values end }
end, {
  check = function(o)
    local seen = {}
    for _, value in ipairs(o.values) do
      if seen[value] then return ("'%s' stands there twice"):format(tostring(value)) end
      seen[value] = true
    end
    if #o.values == 0 then return "it has no values" end
  end,
})
