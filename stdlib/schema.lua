--- The one registry of constructors: everything that a script can write is declared here once.
--
--     local schema = require "schema"
--
--     --- Cross entropy of softmax(logits). (Prose: what it is, the paper and its equation.)
--     -- @usage loss.ce { label_smoothing = 0.1 }
--     return schema.declare("loss.ce", {
--       { "label_smoothing", "number in [0, 1]", 0.0, "share of the target spread over all classes" },
--     }, function(o, context, node) return <the built object> end)
--
-- schema.declare(kind, fields, build, more) -> constructor
--   kind: "folder.name" or a bare name ("experiment"). The file stdlib/folder/name.lua is found by that name without
--   being listed anywhere; a file may declare more than one constructor.
--   fields: a list of { name, type, default, doc, at = ... }:
--     type      a string (language/types.lua lists them), or a list of fields: a plain table with keys of its own
--               ("table of fields"), or schema.list(T), schema.map(T), schema.any_of(T, ...) over such.
--     default   a plain value, schema.required, or schema.optional (then nil where not given). For a table of fields
--               `{}` fills in the defaults of its fields.
--     at = 1    also the first positional value; at = "rest": all further positional values as a list;
--     at = "keys": all keys that are no field, as a map in written order (mixture { onehot = 0.6, binary = 0.4 }).
--     display = true: does not change results and is left out of the configuration's hash.
--     aliases = { "old_name", { "older_name", function(value) return <as it is written now> end } }: former names of
--     the
--     field. They still work, with a warning that tells the new one; the configuration and its hash have the new one.
--   build(o, context, node): makes the object. `o` has every option; options that are nodes arrive as nodes: build
--     them where needed with schema.build(o.schedule, context). Percentages and durations arrive as written: use
--     schema.share("5%", total) and schema.seconds("2h").
--   more (all optional):
--     named = true     called as `experiment "name" { ... }`; the text is the option `name`
--     metadata = { classes = function(o, node) ... end  or  { function, depends = { "root" } } }   read as d.classes
--     methods = { trim = { fields, build } }   g:trim(0.36) -> node "graph:trim", whose o.of is the node g
--     actions = { save = function(node, ...) end }     node:save(...), done at once; not in a script, which only
--     declares
--     check = function(o) -> nil | message [, field]   what several options must satisfy together
--     version = 2      from the second meaning of the same options on: it is part of the configuration and its hash
--
-- The constructor called makes an inert node { kind, args, position }; schema.build(node, context), also
-- node:build(context), runs the builder. Mistakes are raised at once, or all together while a script is evaluated.
--
-- schema.renamed("head.old", "head.new")        a former name of a constructor; it still works, with a warning
-- schema.find(kind) -> constructor or nil       loads the file that declares it
-- schema.names(folder) -> { "ce", "mse", ... }  sorted, nothing is loaded
-- schema.scan(folders)                          further roots: each holds head/, loss/, ... with one file a constructor
-- schema.load_all() -> { kind, ... }            for help pages and contract specs
-- schema.place_of(table, key) -> { file, line, column } of a key or list place of a table that a script wrote, or nil
-- schema.fail(position, message)                reports a mistake there: collected in an evaluation, else raised
-- schema.is_node(x), schema.pairs(map) in written order, schema.keys(map), schema.share, schema.seconds

local node = require "language.node"
local order = require "language.order"
local record = require "language.record"
local site = require "language.site"
local types = require "language.types"
local folder = require "language.folder"

local schema = {
  required = record.required, optional = record.optional,
  list = types.list, map = types.map, any_of = types.any_of,
  build = node.build, is_node = node.is, is_constructor = node.is_constructor, title = node.title,
  place_of = order.key_position, fail = site.fail,
  pairs = order.pairs, keys = order.keys, share = types.share, seconds = types.seconds,
}

--- kind -> constructor, of everything declared so far; former kind -> kind.
schema.registry, schema.former = {}, {}

--- The folders of constructors, in the order of help's table of contents.
schema.folders = { "data", "augment", "vision", "text", "head", "loss", "path", "balance", "optim", "metric", "plot" }

local here = debug.getinfo(1, "S").source:match "^@(.*)schema%.lua$" or ""
local roots = { here == "" and "." or (here:gsub("/$", "")) }

local function methods_of(kind, declared)
  local methods = {}
  for name, method in pairs(declared or {}) do
    local method_kind = kind .. ":" .. name
    local spec = record.compile(method[1], method_kind)
    methods[name] = { kind = method_kind, spec = spec, build = method[2], metadata = {}, methods = {},
                      inherits = true, doc = method[3] }
  end
  return methods
end

function schema.declare(kind, fields, build, more)
  if type(kind) ~= "string" or not kind:match "^[%a_][%w_.]*$" then
    error("declare: the first argument is the name, such as \"loss.ce\"", 2)
  end
  if type(fields) ~= "table" then error(kind .. ": declare needs a list of fields", 2) end
  more = more or {}
  -- `return schema.declare(...)` is a tail call, so the caller's frame may be gone; its functions know their file.
  local witness = build or more.check
  local file = debug.getinfo(witness or 2, "S").source:match "^@(.*)$"
  if more.named then
    local has_name = false
    for _, field in ipairs(fields) do has_name = has_name or field[1] == "name" end
    if not has_name then
      fields = { { "name", "string", record.required, "its name" }, unpack(fields) }
    end
  end
  local declaration = {
    kind = kind, spec = record.compile(fields, kind), build = build, named = more.named, check = more.check,
    metadata = more.metadata or {}, methods = methods_of(kind, more.methods), actions = more.actions, file = file,
    version = more.version,
  }
  if more.version ~= nil and not (type(more.version) == "number" and more.version > 1) then
    error(kind .. ": a version is a number from 2 on; the first one is not written", 2)
  end
  local known = schema.registry[kind]
  if known and known.declaration.file and known.declaration.file ~= file then
    error(("%s is declared already, in %s"):format(kind, known.declaration.file), 2)
  end
  local constructor = node.constructor(declaration)
  local registry = more.into or schema.registry
  registry[kind] = constructor
  return constructor
end

--- A former name of a constructor: it makes nodes of the new one and says so. Written in the file of the new one.
function schema.renamed(former, kind)
  if schema.registry[former] then error(former .. " is declared, so it is no former name of " .. kind, 2) end
  schema.former[former] = kind
end

--- Adds roots: folders that hold head/, loss/, ... like stdlib.
function schema.scan(folders)
  for _, root in ipairs(folders) do roots[#roots + 1] = (root:gsub("/$", "")) end
  schema.index = nil
end

-- Finding -----------------------------------------------------------------------------------------------------------

local function read(path)
  local file = io.open(path, "r")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

-- What the files of a folder declare, found by their text: nothing is run. Adds kind -> { root, sub, file, line } to
-- `index` and the same of former names to `formers`.
local function add_folder(index, formers, root, sub)
  local path = sub and root .. "/" .. sub or root
  for _, name in ipairs(folder.files(path, "%.lua$")) do
    local number = 0
    for line in ((read(path .. "/" .. name) or "") .. "\n"):gmatch "(.-)\n" do
      number = number + 1
      local code = not line:match "^%s*%-%-"
      local declared = code and line:match "declare%s*%(%s*[\"']([%w_.]+)[\"']"
      if declared and (not sub or declared:match "^[^.]+" == sub) and not index[declared] then
        index[declared] = { root = root, sub = sub, file = name, line = number }
      end
      local former = code and line:match "renamed%s*%(%s*[\"']([%w_.]+)[\"']%s*,"
      if former then formers[former] = { root = root, sub = sub, file = name } end
    end
  end
end

local function build_index()
  local index, formers = {}, {}
  for _, root in ipairs(roots) do
    for _, sub in ipairs(schema.folders) do add_folder(index, formers, root, sub) end
    if root == roots[1] then add_folder(index, formers, root, nil) end
  end
  return index, formers
end

--- What the folders beside a script declare: kind -> { root, sub, file, line }.
function schema.beside(directory)
  local index = {}
  for _, root in ipairs(roots) do
    if directory == root .. "/" then return index end        -- a script among the program's own files
  end
  for _, sub in ipairs(schema.folders) do add_folder(index, {}, directory == "" and "." or directory, sub) end
  return index
end

--- kind -> { root, sub, file } of every declaration, and the same of former names.
function schema.contents()
  if not schema.index then schema.index, schema.index_of_former = build_index() end
  return schema.index, schema.index_of_former
end

--- Calls fn with the constructors that a script declared: what is built from its nodes may ask for them by name.
-- @param session of the script's evaluation (result.session)
function schema.with_script(session, fn, ...)
  local before = schema.script
  schema.script = session
  local function finish(done, ...)
    schema.script = before
    if not done then error((...), 0) end
    return ...
  end
  return finish(pcall(fn, ...))
end

local loaded = {}

-- Runs the file once. stdlib's own files are modules, so that require and the registry share them.
local function load(root, sub, file)
  local path = root .. "/" .. (sub and sub .. "/" or "") .. file
  if loaded[path] then return end
  loaded[path] = true
  if root == roots[1] then
    require((sub and sub .. "." or "") .. file:gsub("%.lua$", ""))
  else
    assert(loadfile(path))()
  end
end

--- The constructor declared as `kind`, or nil. The file of that name is tried first, then whichever declares it.
function schema.find(kind)
  local session = site.session or schema.script
  if session then
    local found = session.declared[kind] or session.find_beside and session.find_beside(kind)
    if found then return found end
  end
  if schema.registry[kind] then return schema.registry[kind] end
  local sub, name = kind:match "^([%w_]+)%.([%w_]+)$"
  if not sub and not kind:match "^[%w_]+$" then return nil end
  if sub then
    for _, root in ipairs(roots) do
      local path = root .. "/" .. sub .. "/" .. name .. ".lua"
      local file = not loaded[path] and io.open(path, "r")
      if file then
        file:close()
        load(root, sub, name .. ".lua")
        if schema.registry[kind] then return schema.registry[kind] end
      end
    end
  end
  local index, formers = schema.contents()
  local entry = index[kind] or formers[kind]
  if entry then load(entry.root, entry.sub, entry.file) end
  local now = schema.former[kind]
  if now and not schema.registry[kind] then return node.constructor(schema.find(now).declaration, kind) end
  return schema.registry[kind]
end

--- The names declared in a folder (without it), sorted; `schema.names()` gives the bare ones.
function schema.names(sub)
  local names, seen = {}, {}
  local function add(kind)
    local in_folder, name = kind:match "^([%w_]+)%.([%w_]+)$"
    if not in_folder then name = kind end
    if in_folder == sub and not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  for kind in pairs(schema.contents()) do add(kind) end
  for kind in pairs(schema.registry) do add(kind) end
  local session = site.session or schema.script
  for kind in pairs(session and session.declared or {}) do add(kind) end
  for kind in pairs(session and session.beside and session.beside() or {}) do add(kind) end
  table.sort(names)
  return names
end

--- Loads every file that declares something; gives all kinds, sorted.
function schema.load_all()
  for _, entry in pairs(schema.contents()) do load(entry.root, entry.sub, entry.file) end
  local kinds = {}
  for kind in pairs(schema.registry) do kinds[#kinds + 1] = kind end
  table.sort(kinds)
  return kinds
end

function node.declared(kind)
  return schema.find(kind) or error("no constructor " .. kind, 0)
end

-- "adamw" among the folders { "optim" }: the title of optim.adamw.
function node.named(text, wanted)
  if not text:match "^[%a_][%w_.]*$" then return nil end
  for _, name in ipairs(wanted) do
    local found = schema.find(name .. "." .. text) or node.belongs(text, name) and schema.find(text)
    if found then return node.title(found.kind) end
  end
end

-- A node with its defaults, for a constructor's name on the command line (optim=sgd); nil where it needs options.
function node.by_name(text, wanted)
  if not text:match "^[%a_][%w_.]*$" then return nil end
  local candidates = { text }
  for _, name in ipairs(wanted) do candidates[#candidates + 1] = name .. "." .. text end
  for sub in pairs(node.bare) do candidates[#candidates + 1] = sub .. "." .. text end
  for _, kind in ipairs(candidates) do
    local fits = #wanted == 0
    for _, name in ipairs(wanted) do fits = fits or node.belongs(kind, name) end
    local constructor = fits and schema.find(kind)
    for _, field in ipairs(constructor and constructor.fields or {}) do
      if field.default == schema.required then constructor = nil break end
    end
    if constructor then return constructor {} end
  end
end

--- Runs fn with an empty registry and no folders, and puts everything back: for specs that declare their own.
function schema.isolated(fn)
  local registry, former, index, of_former, kept = schema.registry, schema.former, schema.index,
    schema.index_of_former, roots
  schema.registry, schema.former, schema.index, schema.index_of_former, roots = {}, {}, {}, {}, {}
  local done, message = pcall(fn)
  schema.registry, schema.former, schema.index, schema.index_of_former, roots = registry, former, index, of_former, kept
  if not done then error(message, 0) end
end

return schema
