--- The knobs of a script: params { alpha = { 1.0, "what it is" }, balance = "metabalance" }.
--
-- A knob's type follows from its default (a number, a string, true or false, a node), or is its third value, written
-- as in a declaration: params { bits = { 512, "length of a label", "integer > 0" } }. `seed` and `device` are there
-- in every script.

local nearest = require "language.nearest"
local node = require "language.node"
local order = require "language.order"
local overrides = require "language.overrides"
local site = require "language.site"
local types = require "language.types"

local knobs = {}

local reserved = { seed = { 0, "sets the random streams of training", "integer >= 0" },
                   device = { "auto", "where to run: auto, cpu, cuda, cuda:1", "string" } }

local function inferred(name, default)
  if reserved[name] then return reserved[name][3] end
  local kind = type(default)
  if kind == "number" or kind == "string" or kind == "boolean" then return kind end
  if node.is(default) then
    return default.kind:find("%.") and "node " .. default.kind:match "^[^.]+" or "node " .. default.kind
  end
  return kind == "table" and "any" or nil
end

local function add(session, name, entry, position)
  local default, doc, written = entry, "", nil
  if type(entry) == "table" and getmetatable(entry) == nil then
    default, doc, written = entry[1], entry[2] or "", entry[3]
  end
  if default == site.poison then return end
  local spec = written or inferred(name, default)
  if not spec then
    return site.fail(position, ("params: '%s' needs a default: a number, a string, true, false or a node"):format(name))
  end
  local done, compiled = pcall(types.compile, spec)
  if not done then return site.fail(position, ("params: '%s': %s"):format(name, compiled)) end
  if not compiled.fits(default) then
    return types.place("params", name, position):mismatch(compiled.phrase, default)
  end
  local knob = { name = name, default = default, doc = doc, type = compiled, value = default, position = position }
  for _, override in ipairs(session.overrides) do
    if override.key == name then
      override.used, override.knob = true, true
      if override.restore then
        knob.value = default
      else
        local done_too, value = overrides.value(override, compiled, "parameter '" .. name .. "'")
        if done_too then knob.value = value end
      end
    end
  end
  session.knobs[#session.knobs + 1] = knob
  session.knob_by_name[name] = knob
end

--- A table of values that knows its names: reading one that is no knob is an error with the nearest name.
function knobs.proxy(session)
  return setmetatable({}, {
    __index = function(_, name)
      local knob = session.knob_by_name[name]
      if knob then return knob.value end
      local names = {}
      for known in pairs(session.knob_by_name) do names[#names + 1] = known end
      table.sort(names)
      return site.spoilt(session.locate(tostring(name)), ("unknown parameter '%s'%s"):format(tostring(name),
        nearest.did_you_mean(tostring(name), names)))
    end,
    __newindex = function(_, name)
      site.fail(site.caller(), ("a parameter cannot be changed: '%s'"):format(tostring(name)))
    end,
    __knobs = session,
  })
end

--- The values by name of a proxy, or nil where `value` is none.
function knobs.values(value)
  local meta = type(value) == "table" and getmetatable(value)
  local session = type(meta) == "table" and rawget(meta, "__knobs")
  if not session then return nil end
  local values = {}
  for _, knob in ipairs(session.knobs) do values[knob.name] = knob.value end
  return values
end

--- seed and device, before the script runs.
function knobs.reserve(session)
  for _, name in ipairs { "device", "seed" } do
    add(session, name, reserved[name], nil)
    session.knob_by_name[name].reserved = true
  end
end

--- params { ... }: declares the knobs with their overridden values.
function knobs.declare(session, tbl)
  if type(tbl) ~= "table" or getmetatable(tbl) ~= nil then
    site.fail(site.position(), "params takes one table, params { name = default }, got " .. types.describe(tbl))
    return knobs.proxy(session)
  end
  order.report_written(tbl, "params{}")
  for _, name in ipairs(order.keys(tbl)) do
    local position = order.key_position(tbl, name)
    local known = session.knob_by_name[name]
    if type(name) ~= "string" then
      site.fail(site.position(tbl), "params: each parameter needs a name")
    elseif known and not known.reserved then
      site.fail(position, ("params: '%s' is declared twice"):format(name))
    else
      if known then
        for i, knob in ipairs(session.knobs) do
          if knob == known then table.remove(session.knobs, i) break end
        end
      end
      add(session, name, tbl[name], position)
    end
  end
  if order.length(tbl) > 0 then site.fail(site.position(tbl), "params: each parameter needs a name") end
  return knobs.proxy(session)
end

return knobs
