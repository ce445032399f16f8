--- Where a value stands while it is checked, and how a mistake in it is worded.

local order = require "language.order"
local site = require "language.site"

local place = {}

local Node                       -- language/node.lua, set by it: both need each other
function place.set_node(node) Node = node end

--- What a value is, in a user's words.
function place.describe(value)
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

-- A place is where a value stands, so that a message can name it: owner "adamw", label "lr", position.

local Place = {}
Place.__index = Place

--- The place of the option `label` (nil: the table itself) of `owner`.
function place.new(owner, label, position)
  return setmetatable({ owner = owner, label = label, position = position }, Place)
end

--- A place that only counts mistakes, for choosing between alternatives.
local function silent()
  return setmetatable({ failures = 0, silent = true, owner = "" }, Place)
end
place.silent = silent

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
  self:fail(("%s: option '%s' must be %s, got %s%s"):format(self.owner, self.label, phrase, place.describe(value),
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

return place
