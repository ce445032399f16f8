--- Inert nodes: what a constructor makes when a script calls it.
--
-- A node has kind ("loss.ce"), args (all options, defaults filled in), position ({ file, line, column }). Reading an
-- option by name gives its value (`node.lr`), a declared property reads cheap metadata (`d.classes`), a declared
-- method gives another node (`g:trim(0.36)` is the node "graph:trim" with the option `of`). Nodes are never changed by
-- a script. Losses are an algebra: number * node, node + node give the node "loss.sum".

local algebra = require "language.algebra"
local nearest = require "language.nearest"
local order = require "language.order"
local record = require "language.record"
local site = require "language.site"
local types = require "language.types"

local node = {}
local Node = {}                  -- metatable of nodes
local Constructor = {}           -- metatable of constructors
local Partial = {}               -- metatable of `experiment "name"`, which waits for its table

-- Folders whose constructors scripts name without the folder.
node.bare = { loss = true, optim = true, balance = true, metric = true, data = true, augment = true }

function node.is(value) return type(value) == "table" and getmetatable(value) == Node end

function node.is_constructor(value) return type(value) == "table" and getmetatable(value) == Constructor end

--- The name of a constructor that stands where a value should, or nil.
function node.constructor_name(value)
  local meta = type(value) == "table" and getmetatable(value)
  if meta == Constructor then return value.kind end
end

--- `experiment "name"` without its table, as text; nil for any other value.
function node.partial_text(value)
  if type(value) ~= "table" or getmetatable(value) ~= Partial then return nil end
  return ("%s \"%s\""):format(rawget(value, "declaration").kind, rawget(value, "name"))
end

--- A kind as scripts write it: "adamw" for optim.adamw, "head.lwal" for head.lwal.
function node.title(kind)
  local folder, name = kind:match "^([%w_]+)%.(.+)$"
  return folder and node.bare[folder] and name or kind
end

--- Is `kind` the kind `wanted`, or of the folder `wanted`? A method's node is of its object's kind too.
function node.belongs(kind, wanted)
  local base = kind:match "^[^:]+"
  return kind == wanted or base == wanted or base:match "^[^.]+" == wanted
    or (kind == "loss.sum" or kind == "loss.term") and wanted == "path"
end

-- Making nodes ---------------------------------------------------------------------------------------------

local function plain_table(value) return type(value) == "table" and getmetatable(value) == nil end

local function named_keys(value)
  for key in next, value do
    if type(key) == "string" then return true end
  end
  return false
end

local function new(declaration, position)
  return setmetatable({ kind = declaration.kind, args = {}, position = position, declaration = declaration }, Node)
end

--- The node of `declaration` for a call with these arguments. A single plain table, or a last one with named keys,
-- holds the options; everything else is positional.
local function make(declaration, count, ...)
  local arguments = { ... }
  local options
  for i = 1, count do
    -- Something wrong was reported already: what depends on it says no more.
    if arguments[i] == site.poison then return site.poison end
  end
  local last = arguments[count]
  local prefix = type(arguments[1]) == "table" and getmetatable(arguments[1])
  if type(prefix) == "table" and rawget(prefix, "__prefix") then        -- data: mnist5k {} is a call of Lua
    return site.spoilt(site.position(), ("write %s = %s { ... }: a colon calls a method"):format(rawget(prefix,
      "__prefix"),
      node.title(declaration.kind)))
  end
  if count > 0 and plain_table(last) and (count == 1 or named_keys(last)) then
    options, count = last, count - 1
  end
  arguments.n = count
  local made = new(declaration, site.position(options))
  local title = node.title(declaration.kind)
  local place = types.place(title, nil, made.position)
  local items = site.session and site.call and site.call.items
  record.fill(declaration.spec, place, title, options, arguments, items, made.args)
  if options and site.tables[options] then site.tables[made.args] = site.tables[options] end
  if not site.session then
    local problem, field = node.check(made)
    if problem then
      site.fail(made.position, title .. ": " .. problem .. (field and " (option '" .. field .. "')" or ""))
    end
  end
  return made
end

--- The declaration's own check of several options together: nil, or what is wrong and the field it is about.
function node.check(made)
  local check = made.declaration.check
  if not check then return nil end
  return check(made.args)
end

function Constructor.__call(self, ...)
  local declaration = self.declaration
  local first = ...
  if self.former then
    site.warn(site.position(type(first) == "table" and first or nil), ("'%s' is called '%s' now"):format(
      node.title(self.former), node.title(self.kind)))
  end
  if declaration.named and type(first) == "string" and select("#", ...) == 1 then
    return setmetatable({ declaration = declaration, name = first, call = site.call }, Partial)
  end
  return make(declaration, select("#", ...), ...)
end

function Constructor.__tostring(self) return "constructor " .. self.kind end

function Partial.__call(self, options, ...)
  local declaration = rawget(self, "declaration")
  if not plain_table(options) or select("#", ...) > 0 then
    return site.spoilt(site.position(), ("%s \"%s\" takes one table, got %s"):format(node.title(declaration.kind),
      rawget(self, "name"), types.describe(options)))
  end
  local record_of = site.tables[options]
  local with_name = {}
  for key, value in next, options do with_name[key] = value end
  site.tables[with_name] = record_of
  if with_name.name == nil then with_name.name = rawget(self, "name") end
  return make(declaration, 1, with_name)
end

function Partial.__tostring(self)
  return ("%s %q, which still needs its table"):format(rawget(self, "declaration").kind, rawget(self, "name"))
end

--- The constructor of a declaration: { kind, fields, declaration }, callable. `former`: the kind it had before, where
-- it is asked for by that; using it says what it is called now.
function node.constructor(declaration, former)
  return setmetatable({ kind = declaration.kind, fields = declaration.spec.list, declaration = declaration,
                        former = former }, Constructor)
end

-- Reading nodes ---------------------------------------------------------------------------------------------

local function metadata(self, name, property)
  local cache = rawget(self, "metadata")
  if not cache then
    cache = {}
    rawset(self, "metadata", cache)
  end
  if cache[name] ~= nil then return cache[name] end
  local get = type(property) == "function" and property or property[1]
  local value
  if site.session then
    local done, result = pcall(get, self.args, self)
    if not done then
      return site.spoilt(self.position, ("%s: %s"):format(node.title(self.kind), tostring(result)))
    end
    value = result
    local reads = site.session.reads
    reads[#reads + 1] = { node = self, name = name, value = value,
                          depends = type(property) == "table" and property.depends or nil }
  else
    value = get(self.args, self)
  end
  cache[name] = value
  return value
end

local function method(self, name, declared)
  return function(owner, ...)
    if owner ~= self then error(("%s: call it as node:%s(...)"):format(name, name), 0) end
    local count = select("#", ...)
    local arguments = { ... }
    for i = 1, count do
      if arguments[i] == site.poison then return site.poison end
    end
    local last, options = arguments[count], nil
    if count > 0 and plain_table(last) and named_keys(last) then options, count = last, count - 1 end
    arguments.n = count
    local made = new(declared, site.position(options))
    local title = node.title(declared.kind)
    record.fill(declared.spec, types.place(title, nil, made.position), title, options, arguments,
                site.session and site.call and site.call.items, made.args)
    made.args.of = self
    return made
  end
end

function Node.__index(self, name)
  if name == "build" then return node.build end
  local args = rawget(self, "args")
  local value = args[name]
  if value ~= nil then return value end
  local declaration = rawget(self, "declaration")
  if declaration.spec.by_name[name] then return nil end
  if declaration.spec.former[name] then
    return args[record.field(declaration.spec, name, nil, node.title(self.kind), site.session
      and site.session.locate(name)).name]
  end
  if declaration.metadata[name] then return metadata(self, name, declaration.metadata[name]) end
  local declared = declaration.methods[name]
  if declared then return method(self, name, declared) end
  local action = declaration.actions and declaration.actions[name]
  if action then
    if not site.session then return action end
    return site.spoilt(site.session.locate(name),
      ("%s: a script declares and does nothing itself; ':%s' is for the prompt"
      .. " and for programs"):format(node.title(self.kind), name))
  end
  if declaration.inherits then
    -- The node of a method reads the properties of its object, g:trim(0.3).depth, and has its methods:
    -- g:trim(0.3):without {}.
    local of = args.of
    while of and of.declaration.inherits and of.args.of do of = of.args.of end
    if of and of.declaration.metadata[name] then return of[name] end
    if of and of.declaration.methods[name] then return method(self, name, of.declaration.methods[name]) end
  end
  if type(name) ~= "string" then return nil end
  local names = {}
  for known in pairs(declaration.spec.by_name) do names[#names + 1] = known end
  for known in pairs(declaration.metadata) do names[#names + 1] = known end
  for known in pairs(declaration.methods) do names[#names + 1] = known end
  table.sort(names)
  local message = ("%s{} has no '%s'%s"):format(node.title(self.kind), name, nearest.did_you_mean(name, names))
  return site.spoilt(site.session and site.session.locate(name) or site.caller(), message)
end

function Node.__newindex(self, name)
  local position = site.session and site.session.locate(tostring(name)) or site.caller()
  site.fail(position, ("%s{} cannot be changed: write '%s' in its table"):format(node.title(self.kind), tostring(name)))
end

function Node.__tostring(self)
  local parts = {}
  for _, field in ipairs(self.declaration.spec.list) do
    local value = self.args[field.name]
    if value ~= nil then
      local text
      if type(value) == "string" then
        text = ("%q"):format(value)
      elseif type(value) == "number" then
        text = order.number(value)
      elseif node.is(value) then
        text = tostring(value)
      elseif type(value) == "table" then
        text = "{...}"
      else
        text = tostring(value)
      end
      parts[#parts + 1] = field.name .. " = " .. text
    end
  end
  return self.kind .. " {" .. (#parts > 0 and " " .. table.concat(parts, ", ") .. " " or "") .. "}"
end

--- A copy of a node with all that it holds; a node that stands in two places stands in both of the copy, too.
function node.copy(value, seen)
  seen = seen or {}
  if type(value) ~= "table" then return value end
  if seen[value] then return seen[value] end
  if node.is(value) then
    local made = new(rawget(value, "declaration"), rawget(value, "position"))
    seen[value] = made
    made.args = node.copy(rawget(value, "args"), seen)
    return made
  end
  if getmetatable(value) ~= nil then return value end
  local result = {}
  seen[value] = result
  for key, item in next, value do result[key] = node.copy(item, seen) end
  for key, deferred in pairs(types.deferred[value] or {}) do
    types.deferred[result] = types.deferred[result] or {}
    types.deferred[result][key] = deferred
  end
  return order.carry(value, result)
end

-- Building ---------------------------------------------------------------------------------------------

--- Runs the builder of a node: build(o, context, node). Any other value is given back as it is.
function node.build(value, context)
  if not node.is(value) then return value end
  if types.deferred[value.args] and next(types.deferred[value.args]) then
    local field = next(types.deferred[value.args])
    error(("%s: option '%s' is a function of the configuration, which only an experiment resolves"):format(
      node.title(value.kind), field), 0)
  end
  local declaration = rawget(value, "declaration")
  if not declaration.build then error(node.title(value.kind) .. ": this is not built on its own", 0) end
  return declaration.build(value.args, context or {}, value)
end

--- A node of `kind` with its defaults for a name on the command line, or nil. Set by schema.lua.
function node.by_name() return nil end

--- The title of the constructor that a text names among these folders, or nil. Set by schema.lua.
function node.named() return nil end

--- The constructor declared as `kind`. Set by schema.lua.
function node.declared(kind) error("no constructor " .. kind, 0) end

types.set_node(node)
algebra.install(Node, node, new)
return node
