--- Types of fields: their texts, checks and conversions.
--
-- A type is written as a string:
--   "integer", "number" with an optional range: "> 0", ">= 0", "> 0 and < 1", "in [0, 1]", "in (0, 1]"
--   "string"  "boolean"  "function"  "any"  "path" (a string; $DATA/x is resolved by who opens it)
--   "one of a|b|c"  "duration" ("90s", "15m", "2h", "1d" or seconds)  "percent" ("5%")
--   "node" (any), "node loss" (a constructor of the folder loss), "node vision|text", "node graph" (by full kind)
--   "list of TYPE"  "map of TYPE" (string keys, order kept)  "TYPE or TYPE"; parentheses group
-- or as a table: a list of field declarations, i.e. a plain table with its own keys (schema.lua).
--
-- A compiled type has: text (for help), phrase ("a positive integer"), fits(value), convert(value, place),
-- parse(text) -> value or nil (an override on the command line), admits_function.

local nearest = require "language.nearest"
local site = require "language.site"
local order = require "language.order"

local types = {}

local Node          -- language/node.lua, set by it: both need each other
function types.set_node(node) Node = node end

--- What a value is, in a user's words.
function types.describe(value)
  local kind = type(value)
  if kind == "string" then return "'" .. value .. "'" end
  if kind == "number" then return order.number(value) end
  if kind == "table" then
    if Node and Node.is(value) then return Node.title(value.kind) .. "{}" end
    local name = Node and Node.constructor_name(value)
    local waiting = Node and Node.partial_text(value)
    if waiting then return ("%s without its table (write %s { ... })"):format(waiting, waiting) end
    if name then return "the constructor " .. Node.title(name) .. " (write " .. Node.title(name) .. " {})" end
    return next(value) == nil and "an empty table" or "a table"
  end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  if kind == "userdata" or kind == "cdata" then
    local meta = getmetatable(value)
    local name = type(meta) == "table" and rawget(meta, "__name")
    return "a " .. (type(name) == "string" and name or "host object")
  end
  return "a " .. kind
end

local function plain_table(value)
  return type(value) == "table" and getmetatable(value) == nil
end

-- Places ------------------------------------------------------------------------------------------------------------
-- A place is where a value stands, so that a message can name it: owner "adamw", label "lr", position.

local Place = {}
Place.__index = Place

--- The place of the option `label` (nil: the table itself) of `owner`.
function types.place(owner, label, position)
  return setmetatable({ owner = owner, label = label, position = position }, Place)
end

--- A place that only counts mistakes, for choosing between alternatives.
local function silent()
  return setmetatable({ failures = 0, silent = true, owner = "" }, Place)
end
types.silent = silent

function Place:fail(message)
  if self.root then return self.root:fail(message) end
  if self.silent then
    self.failures = self.failures + 1
  else
    site.fail(self.position, message)
  end
end

--- "adamw: option 'lr' must be ..., got ..."
function Place:mismatch(phrase, value, hint)
  self:fail(("%s: option '%s' must be %s, got %s%s"):format(self.owner, self.label, phrase, types.describe(value),
                                                          hint or ""))
end

function Place:child(key, position)
  local label = type(key) == "number" and ("%s[%d]"):format(self.label or "", key)
    or (self.label and self.label .. "." .. key or key)
  local silent_root = (self.silent or self.root) and (self.root or self) or nil
  return setmetatable({ owner = self.owner, label = label, position = position or self.position, root = silent_root },
                      Place)
end

--- Does this place only try (no side effect may be left behind)?
function Place:trying() return self.silent or self.root ~= nil end

local function fits_by_convert(self, value)
  local place = silent()
  self.convert(value, place)
  return place.failures == 0
end

-- Scalars -----------------------------------------------------------------------------------------------------------

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
             { close == "]" and "<=" or "<", assert(tonumber(high), spec) }, interval = ("%s%s, %s%s"):format(open, low, high, close) }
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

local function number(base, range, spec)
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

local function one_of(list, spec)
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
function types.seconds(value)
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
function types.share(value, total)
  if type(value) == "number" then return value end
  local percent = type(value) == "string" and tonumber(value:match "^%s*(%d+%.?%d*)%s*%%$")
  return percent and percent / 100 * (total or 1) or nil
end

local function words(text) return text end

local simple = {
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
      return types.seconds(v) ~= nil
    end, function(text) return tonumber(text) or text end)
  end,
  percent = function()
    return scalar("percent", "a percentage such as \"5%\"", function(v)
      local share = type(v) == "string" and types.share(v)
      return share and share <= 1 or false
    end, words)
  end,
}

-- Nodes -------------------------------------------------------------------------------------------------------------

-- What a node of a folder is called.
local nouns = { optim = "an optimizer", data = "a dataset", vision = "a vision encoder", text = "a text encoder",
                balance = "a gradient balance", path = "a path loss" }

local function node(list, spec)
  local wanted = {}
  for name in list:gmatch "[^|%s]+" do wanted[#wanted + 1] = name end
  local function fits(value)
    if not Node.is(value) then return false end
    if #wanted == 0 then return true end
    for _, name in ipairs(wanted) do
      if Node.belongs(value.kind, name) then return true end
    end
    return false
  end
  local phrases = {}
  for i, name in ipairs(wanted) do
    phrases[i] = nouns[name] or (name:match "^[aeiou]" and "an " or "a ") .. name
  end
  local phrase = #wanted == 0 and "a node" or table.concat(phrases, " or ")
  local self = { text = spec, phrase = phrase, fits = fits, folders = wanted }
  -- A constructor's bare name on the command line stands for the node with its defaults: optim=sgd.
  function self.parse(text)
    local made = Node.by_name(text, wanted)
    return made
  end
  function self.shape(value) return Node.is(value) end
  function self.convert(value, place)
    if not fits(value) then place:mismatch(phrase, value) end
    return value
  end
  return self
end

-- Lists, maps, alternatives -------------------------------------------------------------------------------------------

local function plural(phrase) return (phrase:gsub("^an? ", "")) end

local function list_of(element, spec)
  local self = { text = spec, phrase = "a list of " .. plural(element.phrase), element = element, json = "array" }
  function self.shape(value) return plain_table(value) end
  function self.convert(value, place)
    if not plain_table(value) then
      place:mismatch(self.phrase, value)
      return {}
    end
    local record, result = site.tables[value], {}
    for _, key in ipairs(order.keys(value)) do
      place:fail(("%s: option '%s' is a list, got the key '%s'"):format(place.owner, place.label, tostring(key)))
    end
    for i = 1, order.length(value) do
      local position = record and record.items[i]
      if value[i] == nil then
        place:child(i, position):mismatch(element.phrase, nil)
      elseif value[i] ~= site.poison then
        result[#result + 1] = types.put(element, value[i], place:child(i, position), result, #result + 1)
      end
    end
    if record then site.tables[result] = record end
    return result
  end
  function self.fits(value) return fits_by_convert(self, value) end
  function self.parse(text)
    local result = {}
    for part in (text .. ","):gmatch "([^,]*)," do
      local value = element.parse(part)
      if value == nil then return nil end
      result[#result + 1] = value
    end
    return result
  end
  return self
end

local function map_of(element, spec)
  local self = { text = spec, phrase = "a table of named values, each " .. element.phrase, element = element,
                 json = "object", ordered = true }
  function self.shape(value) return plain_table(value) end
  function self.convert(value, place)
    if not plain_table(value) then
      place:mismatch(self.phrase, value)
      return {}
    end
    local result = {}
    if order.length(value) > 0 then
      place:fail(("%s: option '%s' needs a name for each value (name = value)"):format(place.owner, place.label))
    end
    local keys = order.keys(value)
    for _, key in ipairs(keys) do
      local position = order.key_position(value, key)
      if value[key] ~= site.poison then
        result[key] = types.put(element, value[key], place:child(key, position), result, key)
      end
    end
    order.set(result, keys)
    if site.tables[value] then site.tables[result] = site.tables[value] end
    if not place:trying() then order.report_written(value, place.owner .. ": option '" .. place.label .. "'") end
    return result
  end
  function self.fits(value) return fits_by_convert(self, value) end
  function self.parse() end
  return self
end

local function any_of(alternatives, spec)
  local phrases = {}
  for i, alternative in ipairs(alternatives) do
    phrases[i] = alternative.phrase
  end
  local self = { text = spec, alternatives = alternatives, phrase = table.concat(phrases, " or ") }
  for _, alternative in ipairs(alternatives) do
    self.admits_function = self.admits_function or alternative.admits_function
  end
  function self.shape(value)
    for _, alternative in ipairs(alternatives) do
      if alternative.shape(value) then return true end
    end
    return false
  end
  function self.fits(value)
    for _, alternative in ipairs(alternatives) do
      if alternative.fits(value) then return true end
    end
    return false
  end
  function self.convert(value, place)
    local shaped
    for _, alternative in ipairs(alternatives) do
      if alternative.fits(value) then return alternative.convert(value, place) end
      if plain_table(value) and alternative.shape(value) then shaped = shaped or alternative end
    end
    -- A table that one alternative could have taken: say what is wrong inside it.
    if shaped then return shaped.convert(value, place) end
    local hint = ""
    for _, alternative in ipairs(alternatives) do
      if alternative.hint and hint == "" then hint = alternative.hint(value) end
    end
    place:mismatch(self.phrase, value, hint)
    return value
  end
  function self.parse(text)
    for _, alternative in ipairs(alternatives) do
      local value = alternative.parse(text)
      if value ~= nil and alternative.fits(value) then return value end
    end
    return nil
  end
  return self
end

-- Reading a type ------------------------------------------------------------------------------------------------------

-- Splits at " or " outside of parentheses and brackets.
local function alternatives_of(spec)
  local parts, depth, start, i = {}, 0, 1, 1
  while i <= #spec do
    local c = spec:sub(i, i)
    if c == "(" or c == "[" then depth = depth + 1 elseif c == ")" or c == "]" then depth = depth - 1 end
    if depth <= 0 and spec:sub(i, i + 3) == " or " then
      parts[#parts + 1] = spec:sub(start, i - 1)
      start, i = i + 4, i + 3
    end
    i = i + 1
  end
  parts[#parts + 1] = spec:sub(start)
  return parts
end

local cache = {}

local function compile(spec)
  spec = spec:match "^%s*(.-)%s*$"
  local parts = alternatives_of(spec)
  if #parts > 1 then
    local compiled = {}
    for i, part in ipairs(parts) do compiled[i] = types.compile(part) end
    return any_of(compiled, spec)
  end
  local inner = spec:match "^%((.*)%)$"
  if inner then return types.compile(inner) end
  local base, range = spec:match "^(%a+)%s*(.*)$"
  if base == "integer" or base == "number" then return number(base, range, spec) end
  if spec:find "^one of " then return one_of(spec:sub(8), spec) end
  if spec:find "^list of " then return list_of(types.compile(spec:sub(9)), spec) end
  if spec:find "^map of " then return map_of(types.compile(spec:sub(8)), spec) end
  if base == "node" then return node(range, spec) end
  if simple[spec] then return simple[spec]() end
  local known = { "integer", "number", "string", "boolean", "function", "any", "path", "duration", "percent", "node",
                  "one of", "list of", "map of" }
  error(("unknown type '%s'%s"):format(spec, nearest.did_you_mean(base or spec, known)), 0)
end

--- The compiled form of a type; strings are compiled once.
function types.compile(spec)
  if type(spec) == "string" then
    cache[spec] = cache[spec] or compile(spec)
    return cache[spec]
  end
  if type(spec) ~= "table" then error("a type is a string or a list of fields, got " .. type(spec), 0) end
  if spec.convert then return spec end
  return require("language.record").type(spec)
end

function types.list(element)
  element = types.compile(element)
  return list_of(element, "list of " .. element.text)
end

function types.map(element)
  element = types.compile(element)
  return map_of(element, "map of " .. element.text)
end

function types.any_of(...)
  local compiled, texts = {}, {}
  for i, spec in ipairs { ... } do
    compiled[i] = types.compile(spec)
    texts[i] = compiled[i].text
  end
  return any_of(compiled, table.concat(texts, " or "))
end

-- Functions that stand for a value --------------------------------------------------------------------------------------

--- Container -> key -> { fn, type, place }: fields given as function(c), to be resolved last (language/resolve.lua).
types.deferred = setmetatable({}, { __mode = "k" })

--- The value to put at container[key]: converted, or, where it is a function and the type admits none, kept for later.
function types.put(compiled, value, place, container, key)
  if type(value) == "function" and not compiled.admits_function and not place:trying() then
    types.deferred[container] = types.deferred[container] or {}
    types.deferred[container][key] = { fn = value, type = compiled, place = place }
    return value
  end
  if type(value) == "function" and not compiled.admits_function then return value end
  return compiled.convert(value, place)
end

return types
