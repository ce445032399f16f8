--- Types of single values: numbers with ranges, words, durations, percentages (the grammar is in language/types.lua).

local nearest = require "language.nearest"
local order = require "language.order"

local scalars = {}

local function scalar(text, phrase, fits, parse, more)
  local self = { text = text, phrase = phrase, fits = fits, parse = parse }
  for key, value in pairs(more or {}) do self[key] = value end
  function self.shape(value) return type(value) ~= "table" end
  function self.convert(value, place)
    if not fits(value) then place:mismatch(phrase, value, self.hint and self.hint(value)) end
    return value
  end
  return self
end

local function bounds(text, spec)
  if text == "" then return {} end
  local open, low, high, close = text:match "^in%s*([%[%(])%s*(%S-)%s*,%s*(%S-)%s*([%]%)])$"
  if open then
    return { { open == "[" and ">=" or ">", assert(tonumber(low), spec) },
             { close == "]" and "<=" or "<", assert(tonumber(high), spec) },
             interval = ("%s%s, %s%s"):format(open, low, high, close) }
  end
  local list = {}
  for part in (text .. " and "):gmatch "(.-)%s+and%s+" do
    local operator, number = part:match "^([<>]=?)%s*(%S+)$"
    if not (operator and tonumber(number)) then error("bad range in the type '" .. spec .. "'", 0) end
    list[#list + 1] = { operator, tonumber(number) }
  end
  return list
end

local compare = {
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
}

function scalars.number(base, range, spec)
  local limits = bounds(range, spec)
  local phrase = base == "integer" and "an integer" or "a number"
  if limits.interval then
    phrase = phrase .. " in " .. limits.interval
  elseif #limits == 1 and limits[1][2] == 0 and limits[1][1] == ">" then
    phrase = "a positive " .. base
  elseif #limits == 1 and limits[1][2] == 0 and limits[1][1] == ">=" then
    phrase = "a non-negative " .. base
  elseif #limits > 0 then
    local parts = {}
    for i, limit in ipairs(limits) do parts[i] = limit[1] .. " " .. order.number(limit[2]) end
    phrase = phrase .. " " .. table.concat(parts, " and ")
  end
  local function fits(value)
    if type(value) ~= "number" or value ~= value then return false end
    if base == "integer" and (value ~= math.floor(value) or math.abs(value) > 2 ^ 53) then return false end
    for _, limit in ipairs(limits) do
      if not compare[limit[1]](value, limit[2]) then return false end
    end
    return true
  end
  return scalar(spec, phrase, fits, tonumber, { json = base, limits = limits })
end

function scalars.one_of(list, spec)
  local names, set = {}, {}
  for name in list:gmatch "[^|]+" do
    name = name:match "^%s*(.-)%s*$"
    names[#names + 1], set[name] = name, true
  end
  return scalar(spec, (#names > 1 and "one of " or "") .. table.concat(names, ", "),
    function(value) return type(value) == "string" and set[value] == true end,
    function(text) return text end,
    { names = names, hint = function(value)
      return type(value) == "string" and nearest.did_you_mean(value, names) or ""
    end })
end

local unit_seconds = { s = 1, m = 60, h = 3600, d = 86400 }

--- Seconds of a duration: "90s", "15m", "2h", "1d", "1h30m", or a number of seconds. nil where it is none.
function scalars.seconds(value)
  if type(value) == "number" then return value >= 0 and value or nil end
  if type(value) ~= "string" or value == "" then return nil end
  local total, rest = 0, value
  while rest ~= "" do
    local amount, unit, after = rest:match "^(%d+%.?%d*)([smhd])(.*)$"
    if not amount then return nil end
    total, rest = total + tonumber(amount) * unit_seconds[unit], after
  end
  return total
end

--- The amount that "5%" is of `total` (default 1); a number stays what it is. nil where it is neither.
function scalars.share(value, total)
  if type(value) == "number" then return value end
  local percent = type(value) == "string" and tonumber(value:match "^%s*(%d+%.?%d*)%s*%%$")
  return percent and percent / 100 * (total or 1) or nil
end

local function words(text) return text end

--- Makers of the types that are one word.
scalars.simple = {
  string = function() return scalar("string", "a string", function(v) return type(v) == "string" end, words) end,
  path = function() return scalar("path", "a path", function(v) return type(v) == "string" end, words) end,
  boolean = function()
    return scalar("boolean", "true or false", function(v) return type(v) == "boolean" end, function(text)
      if text == "true" then return true elseif text == "false" then return false end
    end)
  end,
  ["function"] = function()
    return scalar("function", "a function", function(v) return type(v) == "function" end, function() end,
                  { admits_function = true })
  end,
  any = function()
    local self = scalar("any", "any value", function(v) return v ~= nil end, function(text)
      if text == "true" then return true elseif text == "false" then return false end
      return tonumber(text) or text
    end, { admits_function = true })
    function self.convert(value) return order.copy(value) end
    return self
  end,
  duration = function()
    return scalar("duration", "a duration such as \"90s\", \"15m\", \"2h\"", function(v)
      return scalars.seconds(v) ~= nil
    end, function(text) return tonumber(text) or text end)
  end,
  percent = function()
    return scalar("percent", "a percentage such as \"5%\"", function(v)
      local share = type(v) == "string" and scalars.share(v)
      return share and share <= 1 or false
    end, words)
  end,
}

return scalars
