--- Types of fields: their texts, checks and conversions.
--
-- A type is written as a string:
--   "integer", "number" with an optional range: "> 0", ">= 0", "> 0 and < 1", "in [0, 1]", "in (0, 1]"
--   "string"  "boolean"  "function"  "any"  "path" (a string; $DATA/x is resolved by who opens it)
--   "one of a|b|c"  "duration" ("90s", "15m", "2h", "1d" or seconds)  "percent" ("5%")
--   "node" (any), "node loss" (a constructor of the folder loss), "node vision|text", "node graph" (by full kind)
--   "list of TYPE"  "map of TYPE" (string keys, order kept)  "TYPE or TYPE"; parentheses group
--   "node loss or function", also metric and optim: a function becomes the node that holds it (loss.term,
--   metric.measure,
--   optim.rate)
-- or as a table: a list of field declarations, i.e. a plain table with its own keys (schema.lua).
--
-- A compiled type has: text (for help), phrase ("a positive integer"), fits(value), convert(value, place),
-- parse(text) -> value or nil (an override on the command line), admits_function.

local nearest = require "language.nearest"
local order = require "language.order"
local place = require "language.place"
local scalars = require "language.scalars"
local site = require "language.site"

local types = { describe = place.describe, place = place.new, silent = place.silent, seconds = scalars.seconds,
                share = scalars.share }

local Node                       -- language/node.lua, set by it: both need each other
function types.set_node(node)
  Node = node
  place.set_node(node)
end

local function plain_table(value)
  return type(value) == "table" and getmetatable(value) == nil
end

local function fits_by_convert(self, value)
  local trial = place.silent()
  self.convert(value, trial)
  return trial.failures == 0
end

-- Nodes ---------------------------------------------------------------------------------------------

-- What a node of a folder is called.
local nouns = { augment = "an augmentation", optim = "an optimizer", data = "a dataset", vision = "a vision encoder",
  text = "a text encoder",
                balance = "a gradient balance", path = "a path loss",
                pseudo = "pseudo labels" }

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
  -- "cosine" where cosine {} is meant, in a script
  function self.hint_in_script(value)
    local name = type(value) == "string" and Node.named(value, wanted)
    return name and (" (write %s {})"):format(name) or ""
  end
  function self.convert(value, place)
    if not fits(value) then place:mismatch(phrase, value, self.hint_in_script(value)) end
    return value
  end
  return self
end

-- A function beside nodes of these folders stands for the node of this kind that holds it ("node loss or function").
local function_forms = { loss = "loss.term", metric = "metric.measure", optim = "optim.rate" }

-- Makes the node of a function for the first alternative that has such a form; nil where none has.
local function form_of(alternatives)
  for _, alternative in ipairs(alternatives) do
    for _, folder in ipairs(alternative.folders or {}) do
      local kind = function_forms[folder]
      if kind then
        return function(fn)
          local made, where = Node.declared(kind)(fn), site.functions[fn]
          if Node.is(made) and where then
            rawset(made, "position", { file = where.source.name, line = where.line, column = where.column })
          end
          return made
        end
      end
    end
  end
end

-- Lists, maps, alternatives -----------------------------------------------------------------------------------------

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
    if text == "" then return result end
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
  local form = self.admits_function and form_of(alternatives)
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
    if form and type(value) == "function" then return place:trying() and value or form(value) end
    for _, alternative in ipairs(alternatives) do
      if alternative.fits(value) then return alternative.convert(value, place) end
      if plain_table(value) and alternative.shape(value) then shaped = shaped or alternative end
    end
    -- A table that one alternative could have taken: say what is wrong inside it.
    if shaped then return shaped.convert(value, place) end
    local hint = ""
    for _, alternative in ipairs(alternatives) do
      local hint_of = alternative.hint or alternative.hint_in_script
      if hint_of and hint == "" then hint = hint_of(value) end
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

-- Reading a type ---------------------------------------------------------------------------------------------

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
  if base == "integer" or base == "number" then return scalars.number(base, range, spec) end
  if spec:find "^one of " then return scalars.one_of(spec:sub(8), spec) end
  if spec:find "^list of " then return list_of(types.compile(spec:sub(9)), spec) end
  if spec:find "^map of " then return map_of(types.compile(spec:sub(8)), spec) end
  if base == "node" then return node(range, spec) end
  if scalars.simple[spec] then return scalars.simple[spec]() end
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

-- Functions that stand for a value ----------------------------------------------------------------------------------

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
