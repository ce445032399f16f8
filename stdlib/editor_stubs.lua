--- The declarations as annotations of EmmyLua, which lua-language-server and EmmyLua read: one file that an editor
-- takes for the definitions of a script's names. Nothing of it is ever run.
--
--     local text = require "editor_stubs"(kinds)
local help = require "help"
local node = require "language.node"
local order = require "language.order"
local schema = require "schema"

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while")
  :gmatch "%S+" do keywords[word] = true end

-- Classes of tables of options that were met on the way: { name, spec, title }.
local pending

local simple = { string = "string", path = "string", boolean = "boolean", any = "any", duration = "string|number",
                 percent = "string", ["function"] = "function" }

local function class_of(kind) return "moonlab." .. kind:gsub(":", "."):gsub("[^%w_.]", "_") end

local type_of

local function bracketed(text) return text:find("|", 1, true) and "(" .. text .. ")" or text end

function type_of(compiled, owner)
  if compiled.alternatives then
    local parts, seen = {}, {}
    for _, alternative in ipairs(compiled.alternatives) do
      local text = type_of(alternative, owner)
      if not seen[text] then parts[#parts + 1], seen[text] = text, true end
    end
    return table.concat(parts, "|")
  end
  if compiled.spec then
    pending[#pending + 1] = { name = owner, spec = compiled.spec }
    local first = compiled.spec.at[1] -- a single value may stand for the table
    return owner .. (first and "|" .. type_of(first.type, owner .. "." .. first.name) or "")
  end
  if compiled.folders then
    if #compiled.folders == 0 then return "moonlab.node" end
    local parts, sums = {}, false
    for i, folder in ipairs(compiled.folders) do
      parts[i] = class_of(folder)
      sums = sums or folder == "loss" or folder == "path"
    end
    -- editors take 0.5 * ce {} for a number
    return table.concat(parts, "|") .. (sums and "|number" or "")
  end
  if compiled.ordered then return ("table<string, %s>"):format(type_of(compiled.element, owner)) end
  if compiled.element then return bracketed(type_of(compiled.element, owner)) .. "[]" end
  if compiled.names then
    local parts = {}
    for i, name in ipairs(compiled.names) do parts[i] = ('"%s"'):format(name) end
    return table.concat(parts, "|")
  end
  if compiled.json == "integer" then return "integer" elseif compiled.json == "number" then return "number" end
  return simple[compiled.text] or "any"
end

-- A function of the configuration may stand for any value.
local function value_type(field, owner)
  local text = type_of(field.type, owner .. "." .. field.name)
  return field.type.admits_function and text or text .. "|moonlab.late"
end

local function note(field)
  local default = help.default_text(field.default)
  return field.type.text ~= "table" and field.type.text .. (default and "; " .. default or "") or default or ""
end

local function comment(lines, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = "---" .. line end
end

-- ---@class and ---@field lines of a table of options.
local function options_class(lines, name, spec, named)
  lines[#lines + 1] = "---@class (exact) " .. name
  for _, field in ipairs(spec.list) do
    local optional = field.default == schema.required and not (named and field.name == "name") and "" or "?"
    local text = value_type(field, name)
    local element = field.type.element and value_type({ type = field.type.element, name = field.name }, name) or text
    local described = ("%s (%s)"):format(field.doc, note(field)):gsub("%s+", " ")
    if field.at == "keys" then
      lines[#lines + 1] = ("---@field [string] %s %s"):format(element, described)
    elseif field.at == "rest" then
      lines[#lines + 1] = ("---@field [integer] %s %s"):format(element, described)
      lines[#lines + 1] = ("---@field %s? %s %s"):format(field.name, text, described)
    else
      if type(field.at) == "number" then
        lines[#lines + 1] = ("---@field [%d]? %s %s"):format(field.at, text, described)
        optional = "?"
      end
      lines[#lines + 1] = ("---@field %s%s %s %s"):format(keywords[field.name] and ('["%s"]'):format(field.name)
        or field.name,
        optional, text, described)
    end
  end
  lines[#lines + 1] = ""
end

-- Names and types of the positional values, for calls such as uniform(0, 1).
local function positional(spec, owner)
  local list = {}
  for i = 1, #spec.at do
    local field = spec.at[i]
    local name = keywords[field.name] and field.name .. "_" or field.name
    list[#list + 1] = ("%s%s: %s"):format(name, field.default == schema.required and "" or "?",
      value_type(field, owner))
  end
  if spec.rest then
    list[#list + 1] = ("...: %s"):format(value_type({ type = spec.rest.type.element, name = spec.rest.name }, owner))
  end
  return list
end

-- Editors know no lists with keys beside them: where values stand without a key, any table will do.
local function accepted(spec, owner)
  return owner .. ((spec.rest or spec.keys) and "|table" or #spec.at > 0 and "|any[]" or "")
end

-- The annotations of a function that takes options, as it is called; `result` the class of what it gives.
local function signature(lines, owner, spec, result, named)
  local list = positional(spec, owner)
  owner = accepted(spec, owner)
  if named then
    lines[#lines + 1] = "---@param name string"
    lines[#lines + 1] = ("---@return fun(options: %s): %s"):format(owner, result)
    return "name"
  end
  if #list > 0 then lines[#lines + 1] = ("---@overload fun(%s): %s"):format(table.concat(list, ", "), result) end
  lines[#lines + 1] = ("---@param options? %s"):format(owner)
  lines[#lines + 1] = "---@return " .. result
  return "options"
end

-- A constructor: class of its options, class of its node, the function. functions: names of those that it holds;
-- has_kinds: do other constructors stand below its name?
local function constructor(lines, kind, declaration, name, functions, has_kinds)
  local spec, owner, result = declaration.spec, class_of(kind) .. ".options", class_of(kind)
  local folder = kind:match "^([^.]+)%."
  options_class(lines, owner, spec, declaration.named)
  local bare = not folder and "moonlab.node" or class_of(folder)
  lines[#lines + 1] = ("---@class %s : %s"):format(result, bare)
  for _, property in ipairs(order.keys(declaration.metadata)) do
    lines[#lines + 1] = ("---@field %s any read without samples"):format(property)
  end
  for _, field in ipairs(spec.list) do
    if not declaration.metadata[field.name] then
      lines[#lines + 1] = ("---@field %s %s"):format(field.name, value_type(field, owner))
    end
  end
  local class_line = #lines
  lines[#lines + 1] = ""
  for i, method in ipairs(order.keys(declaration.methods)) do
    local declared = declaration.methods[method]
    if i == 1 then table.insert(lines, class_line + 1, ("local %s = {}"):format(result:gsub("%.", "_"))) end
    local method_owner = class_of(declared.kind) .. ".options"
    options_class(lines, method_owner, declared.spec)
    local words = signature(lines, method_owner, declared.spec, result)
    lines[#lines + 1] = ("function %s:%s(%s) end"):format(result:gsub("%.", "_"), method, words)
    lines[#lines + 1] = ""
  end
  local prose, usage = help.comment(kind)
  if #prose > 0 then comment(lines, table.concat(prose, "\n")) end
  if #usage > 0 then
    comment(lines, "")
    comment(lines, "```lua")
    for _, line in ipairs(usage) do comment(lines, line) end
    comment(lines, "```")
  end
  if #functions == 0 and not has_kinds then
    local words = signature(lines, owner, spec, result, declaration.named)
    lines[#lines + 1] = ("function %s(%s) end"):format(name, words)
  else -- it holds further ones: graph "x" {}, graph.csv {}, graph.load "x"
    lines[#lines + 1] = ("---@class %s.constructor"):format(result)
    lines[#lines + 1] = ("---@overload fun(%s): %s"):format(
      declaration.named and "name: string" or "options: " .. accepted(spec, owner),
      declaration.named and ("fun(options: %s): %s"):format(accepted(spec, owner), result) or result)
    lines[#lines + 1] = name .. " = {}"
    for _, inner in ipairs(functions) do
      lines[#lines + 1] = ("---@return %s\nfunction %s.%s(...) end"):format(result, name, inner)
    end
  end
  lines[#lines + 1] = ""
end

local words = [[
---A function of the configuration, resolved last: function(c) return c.train.epochs / 10 end
---@alias moonlab.late fun(c: table): any

---What a constructor makes: inert until it is built.
---@class moonlab.node
---@field kind string
---@field args table
---@field build fun(self: moonlab.node, context?: table): any

---The knobs of a script, set as name=value: params { alpha = { 1.0, "weight of the first term" } }
---@generic T
---@param knobs table<string, T>
---@return table<string, any>
function params(knobs) end

---The value of that name; an unknown name is an error that lists them.
---@generic T
---@param name string
---@param choices table<string, T>
---@return T
function pick(name, choices) end

---A variable of the environment, recorded with the run; a number where the default is one.
---@generic T
---@param name string
---@param default T
---@return T
function env(name, default) end

---seeds(3) is { 0, 1, 2 }, seeds(5, 7) is { 5, 6, 7 }
---@param first integer
---@param last? integer
---@return integer[]
function seeds(first, last) end

---A constructor of the script's own; the fields are as in stdlib's.
---@param kind string
---@param fields table[]
---@param build fun(o: table, context: table, node: moonlab.node): any
---@param more? table
---@return fun(options?: table): moonlab.node
function declare(kind, fields, build, more) end

---A default that says: this option must be given.
required = {}
---A default that says: this option may be absent.
optional = {}
]]

local algebra = [[
---@operator add(moonlab.loss|moonlab.path|function): moonlab.loss
---@operator sub(moonlab.loss|moonlab.path|function): moonlab.loss
---@operator mul(number): moonlab.loss
---@operator div(number): moonlab.loss
---@operator unm: moonlab.loss]]

--- @param kinds of the constructors to describe; all where absent
return function(kinds)
  kinds = kinds or schema.load_all()
  pending = {}
  local folders, is_folder, bare = {}, {}, {}
  for _, folder in ipairs(schema.folders) do folders[#folders + 1], is_folder[folder] = folder, true end
  local lines = { "---@meta moonlab", "-- Written by `moonlab schema --emmylua`: what scripts can name, for editors.",
    "", words }
  for _, folder in ipairs(folders) do
    lines[#lines + 1] = ("---@class %s : moonlab.node"):format(class_of(folder))
    if folder == "loss" or folder == "path" then lines[#lines + 1] = algebra end
    lines[#lines + 1] = ""
    lines[#lines + 1] = folder .. " = {}"
    lines[#lines + 1] = ""
  end
  local above = {}
  for _, kind in ipairs(kinds) do above[kind:match "^([^.]+)%." or ""] = true end
  for _, kind in ipairs(kinds) do
    local declaration = schema.find(kind).declaration
    local folder, name = kind:match "^([^.]+)%.(.*)$"
    local functions = {}
    for _, inner in ipairs(order.keys(schema.find(kind))) do
      if type(rawget(schema.find(kind), inner)) == "function" then functions[#functions + 1] = inner end
    end
    constructor(lines, kind, declaration, kind, functions, above[kind])
    if folder and node.bare[folder] and not is_folder[name] and not bare[name] and not schema.find(name) then
      lines[#lines + 1], bare[name] = ("%s = %s"):format(name, kind), true
      lines[#lines + 1] = ""
    end
  end
  local done, i = {}, 1
  while pending[i] do
    if not done[pending[i].name] then
      done[pending[i].name] = true
      options_class(lines, pending[i].name, pending[i].spec)
    end
    i = i + 1
  end
  lines[#lines + 1] = require "editor_stubs_torch"()
  return table.concat(lines, "\n")
end
