--- Resolves options given as function(c): c reads the configuration, so such options may depend on others.
--
-- Reading an option of c that is itself a function resolves that one first; going round in a circle is an error that
-- names the circle.

local nearest = require "language.nearest"
local node = require "language.node"
local order = require "language.order"
local record = require "language.record"
local overrides = require "language.overrides"
local site = require "language.site"
local tree = require "language.tree"
local types = require "language.types"

local resolve = {}

--- Resolves everything below `root`. guard(fn, ...) calls fn and reports its error where it stands; it returns done,
-- value.
function resolve.all(root, guard)
  local entries, by_place = {}, {}
  tree.visit(root, function(container, key, _, path)
    local deferred = container and types.deferred[container] and types.deferred[container][key]
    if deferred then
      local entry = { container = container, key = key, deferred = deferred, path = path }
      entries[#entries + 1] = entry
      by_place[container] = by_place[container] or {}
      by_place[container][key] = entry
    end
  end)

  local stack, view = {}, nil

  local function settle(entry)
    if entry.state == "done" then return end
    local place = entry.deferred.place
    if entry.state == "active" then
      local names, inside = {}, false
      for _, other in ipairs(stack) do
        inside = inside or other == entry
        if inside then names[#names + 1] = other.path end
      end
      names[#names + 1] = entry.path
      site.fail(place.position, "options depend on each other in a circle: " .. table.concat(names, " -> "))
      entry.failed = true
      return
    end
    entry.state = "active"
    stack[#stack + 1] = entry
    site.call = place.position or site.call              -- where an error without a place of its own stands
    local done, value = guard(entry.deferred.fn, view(root, nil, ""))
    stack[#stack] = nil
    entry.state = "done"
    types.deferred[entry.container][entry.key] = nil
    if not done or value == site.poison or entry.failed then
      entry.container[entry.key], entry.failed = nil, true
      return
    end
    local mistakes = #site.session.errors
    entry.container[entry.key] = types.put(entry.deferred.type, value, place, entry.container, entry.key)
    entry.failed = #site.session.errors > mistakes       -- what depends on it says no more
  end

  -- The value at container[key] for a reader: resolved, and itself a view where it holds more.
  local function read(container, key, compiled)
    local entry = by_place[container] and by_place[container][key]
    if entry then
      settle(entry)
      if entry.failed then return site.poison end
    end
    local value = container[key]
    local holds_more = type(value) == "table" and (node.is(value) or getmetatable(value) == nil)
    return holds_more and view(value, compiled, key) or value
  end

  local function absent(title, key, names)
    return site.spoilt(site.session.locate(tostring(key)), ("%s has no '%s'%s"):format(title, tostring(key),
      nearest.did_you_mean(tostring(key), names)))
  end

  function view(value, compiled, title)
    local container = node.is(value) and value.args or value
    local spec
    if node.is(value) then
      spec = value.declaration.spec
    else
      compiled = overrides.concrete(compiled, value)
      spec = compiled and compiled.spec
    end
    if not spec then
      -- Lists and maps: a plain table of views, so that # and ipairs work.
      local copy = {}
      for key in order.pairs(value) do copy[key] = read(value, key, compiled and compiled.element) end
      return order.set(copy, order.keys(value))
    end
    return setmetatable({}, {
      __index = function(_, key)
        local field = record.field(spec, key, nil, title, site.session.locate(tostring(key)))
        if field then return read(container, field.name, field.type) end
        local others = spec.keys and container[spec.keys.name]
        if others and others[key] ~= nil then return read(others, key, spec.keys.type.element) end
        if node.is(value) and value.declaration.metadata[key] then return value[key] end
        return absent(node.is(value) and node.title(value.kind) .. "{}" or title .. "{}", key, spec.names)
      end,
      __newindex = function(_, key)
        site.fail(site.caller(), ("the configuration cannot be changed here: '%s'"):format(tostring(key)))
      end,
    })
  end

  for _, entry in ipairs(entries) do settle(entry) end
end

return resolve
