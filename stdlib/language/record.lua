--- Tables with declared keys: the options of a constructor, and plain tables inside of them (train = { epochs = 3 }).

local nearest = require "language.nearest"
local order = require "language.order"
local site = require "language.site"
local types = require "language.types"

local record = {}

--- Defaults that are no values: the option must be given; the option may be absent and is nil then.
record.required = setmetatable({}, { __tostring = function() return "required" end })
record.optional = setmetatable({}, { __tostring = function() return "optional" end })

local reserved = { kind = true, args = true, position = true, build = true, declaration = true }

--- Compiles a list of { name, type, default, doc, at = ... } into { list, by_name, at, rest, keys }.
-- `title` names the table in messages about the declaration itself.
function record.compile(fields, title)
  local spec = { list = {}, by_name = {}, at = {}, names = {}, former = {} }
  for i, field in ipairs(fields) do
    local name = field[1]
    if type(name) ~= "string" or not name:match "^[%a_][%w_]*$" then
      error(("%s: field %d needs a name"):format(title, i), 0)
    end
    if spec.by_name[name] then error(("%s: field '%s' is declared twice"):format(title, name), 0) end
    if reserved[name] then error(("%s: a field may not be called '%s'"):format(title, name), 0) end
    local done, compiled = pcall(types.compile, field[2])
    if not done then error(("%s: field '%s': %s"):format(title, name, tostring(compiled)), 0) end
    if field[3] == nil then
      error(("%s: field '%s' needs a default (or required, or optional)"):format(title, name), 0)
    end
    local made = { name = name, type = compiled, default = field[3], doc = field[4] or "", at = field.at,
                   display = field.display }
    spec.list[i], spec.by_name[name], spec.names[i] = made, made, name
    for _, alias in ipairs(field.aliases or {}) do
      local was, convert = alias, nil
      if type(alias) == "table" then was, convert = alias[1], alias[2] end
      if spec.former[was] then error(("%s: '%s' is the former name of two fields"):format(title, was), 0) end
      spec.former[was] = { field = made, convert = convert }
    end
    if type(field.at) == "number" then spec.at[field.at] = made end
    if field.at == "rest" then spec.rest = made end
    if field.at == "keys" then spec.keys = made end
    if made.default ~= record.required and made.default ~= record.optional and type(made.default) ~= "function" then
      if not compiled.fits(made.default) then
        error(("%s: the default of '%s' must be %s, got %s"):format(title, name, compiled.phrase,
              types.describe(made.default)), 0)
      end
    end
  end
  return spec
end

--- The field that `key` names, and what a value given under this name becomes: key may be a former name, of which a
-- warning tells the new one (not where `silent`). title: "adamw". Returns nil where there is no such field.
function record.field(spec, key, value, title, position, silent)
  if type(key) ~= "string" then return nil end
  if spec.by_name[key] then return spec.by_name[key], value end
  local former = spec.former[key]
  if not former then return nil end
  if not silent then
    site.warn(position, ("%s: '%s' is called '%s' now%s"):format(title, key, former.field.name,
      former.convert and " and is written differently; the value is converted" or ""))
  end
  if former.convert and value ~= nil and value ~= site.poison and type(value) ~= "function" then
    value = former.convert(value)
  end
  return former.field, value, former.convert
end

-- The element type of a list field that collects the rest, or of a map field that collects unknown keys.
local function element_type(field) return field.type.element or field.type end

local function default_of(field, place)
  -- A function where the type admits none makes the default when it is needed: a node of a file not loaded before.
  if type(field.default) == "function" and not field.type.admits_function then
    return field.type.convert(field.default(), place)
  end
  if type(field.default) ~= "table" or getmetatable(field.default) ~= nil then return field.default end
  return field.type.convert(order.copy(field.default), place)
end

--- Fills `result` from `options` (a table as written, or nil) and `positional` ({ value, ... , n }, or nil).
-- place: owner and label prefix of the table; title: "adamw", as in "unknown key 'x' in adamw{}".
-- items: places in the source of the positional values.
function record.fill(spec, place, title, options, positional, items, result)
  local given = {}                                     -- field name -> position
  local rest, rest_count = {}, 0
  local others, other_names = {}, {}
  local list = positional or {}
  local count = positional and positional.n or 0

  local function store(field, value, position)
    if given[field.name] then
      place:child(field.name, position):fail(("option '%s' is given twice in %s{}"):format(field.name, title))
      return
    end
    given[field.name] = position or true
    if value == site.poison then return end
    local child = place:child(field.name, position)
    result[field.name] = types.put(field.type, value, child, result, field.name)
  end

  local spoilt = false             -- a value that was reported and could have been any option
  local function positional_value(i, value, position)
    local field = spec.at[i]
    if value == site.poison and not field then
      spoilt = true
      return
    end
    if field then
      if value ~= nil then store(field, value, position) end
    elseif spec.rest then
      rest_count = rest_count + 1
      if value ~= nil and value ~= site.poison then
        local child = place:child(spec.rest.name, position):child(rest_count, position)
        rest[#rest + 1] = types.put(element_type(spec.rest), value, child, rest, #rest + 1)
      end
    elseif value ~= nil then
      local most = #spec.at
      local takes = most == 0 and "no positional value" or
        ("%d positional value%s"):format(most, most == 1 and "" or "s")
      place:child(i, position):fail(("%s{} takes %s, got %s as number %d%s"):format(title, takes,
        types.describe(value), i, most == 0 and #spec.names > 0 and " (write name = value)" or ""))
    end
  end

  for i = 1, count do positional_value(i, list[i], items and items[i]) end
  if options then
    if not place:trying() then order.report_written(options, title .. "{}") end
    for i = 1, order.length(options) do
      local record_of = site.tables[options]
      positional_value(count + i, options[i], record_of and record_of.items[i])
    end
    for _, key in ipairs(order.keys(options)) do
      local position, value = order.key_position(options, key), options[key]
      local field, meant = record.field(spec, key, value, title, position, place:trying())
      if field and field.at ~= "keys" then
        store(field, meant, position)
      elseif type(key) == "string" and spec.keys then
        other_names[#other_names + 1] = key
        if value ~= site.poison then
          others[key] = types.put(element_type(spec.keys), value, place:child(key, position), others, key)
        end
      else
        local known = nearest.or_all(tostring(key), spec.names)
        if known == "" and #spec.names > 0 then known = ("; `moonlab explain %s` lists its keys"):format(title) end
        place:child(tostring(key), position):fail(("unknown key '%s' in %s{}%s"):format(tostring(key), title, known))
      end
    end
  end

  if spec.rest and (rest_count > 0 or not given[spec.rest.name]) then
    if given[spec.rest.name] then
      place:child(spec.rest.name):fail(("option '%s' is given twice in %s{}"):format(spec.rest.name, title))
    elseif rest_count > 0 then
      given[spec.rest.name], result[spec.rest.name] = true, rest
    end
  end
  if spec.keys then
    given[spec.keys.name], result[spec.keys.name] = true, order.set(others, other_names)
    if options then site.tables[others] = site.tables[options] end
  end
  for _, field in ipairs(spec.list) do
    if not given[field.name] then
      local child = place:child(field.name)
      if field.default == record.required and spoilt then
        result[field.name] = nil
      elseif field.default == record.required then
        child:fail(("%s: option '%s' is required: %s"):format(child.owner, child.label, field.type.phrase))
      elseif field.default ~= record.optional then
        result[field.name] = default_of(field, child)
      end
    end
  end
  return result
end

local function plain_table(value) return type(value) == "table" and getmetatable(value) == nil end

--- The type of a plain table with its own fields. A single value stands for the table where a first positional field
-- takes it: early_stop = "val.top1" is early_stop = { "val.top1" }.
function record.type(fields)
  local spec = record.compile(fields, "table of fields")
  local self = { text = "table", spec = spec, json = "object" }
  local first = spec.at[1]
  self.phrase = "a table with the keys " .. table.concat(spec.names, ", ")
  if #spec.names > 8 then self.phrase = "a table of options" end
  function self.shape(value) return plain_table(value) end
  function self.convert(value, place)
    local title = place.label and place.label:match "[^.]*$" or "table"
    if plain_table(value) then
      local result = record.fill(spec, place, title, value, nil, nil, {})
      if site.tables[value] then site.tables[result] = site.tables[value] end
      return result
    end
    if first and first.type.fits(value) then
      return record.fill(spec, place, title, nil, { value, n = 1 }, { place.position }, {})
    end
    place:mismatch(first and first.type.phrase .. " or " .. self.phrase or self.phrase, value)
    return {}
  end
  function self.fits(value)
    if not plain_table(value) then return first ~= nil and first.type.fits(value) end
    local place = types.silent()
    self.convert(value, place)
    return place.failures == 0
  end
  function self.parse(text)
    local value = first and first.type.parse(text)
    if value ~= nil and first.type.fits(value) then return { value } end
  end
  return self
end

return record
