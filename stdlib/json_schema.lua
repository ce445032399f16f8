--- The declarations as a JSON Schema (Draft 2020-12): what a run's config.json holds. A node is an object with `kind`,
-- a table of options an object, a map in written order a list of [name, value]; infinite numbers are "inf" and "-inf".
--
--     local document = require "json_schema"(kinds)     -- plain data; canonical.text writes it
local help = require "help"
local node = require "language.node"
local schema = require "schema"

local compile

-- Names of definitions that were referred to.
local referred = {}

local function reference(name)
  referred[name] = true
  return { ["$ref"] = "#/$defs/" .. name }
end

-- A number may also be written as infinite where its range has room for that.
local function number(compiled)
  local shape = { type = compiled.json }
  for _, limit in ipairs(compiled.limits or {}) do
    local key = ({ [">"] = "exclusiveMinimum", [">="] = "minimum", ["<"] = "exclusiveMaximum",
      ["<="] = "maximum" })[limit[1]]
    shape[key] = limit[2]
  end
  if compiled.json == "integer" then return shape end
  local infinite = {}
  if compiled.fits(math.huge) then infinite[1] = "inf" end
  if compiled.fits(-math.huge) then infinite[#infinite + 1] = "-inf" end
  return #infinite > 0 and { anyOf = { shape, { enum = infinite } } } or shape
end

local text_shapes = {
  string = { type = "string" }, path = { type = "string" }, boolean = { type = "boolean" },
  ["function"] = { ["$ref"] = "#/$defs/function" },
  duration = { anyOf = { { type = "string", pattern = "^([0-9]+\\.?[0-9]*[smhd])+$" },
    { type = "number", minimum = 0 } } },
  percent = { type = "string", pattern = "^\\s*[0-9]+\\.?[0-9]*\\s*%$" },
}

local function node_shape(folders)
  if #folders == 0 then return { ["$ref"] = "#/$defs/node" } end
  local refs = {}
  for i, folder in ipairs(folders) do refs[i] = reference(folder) end
  -- a loss may be a sum or a function of one's own wherever a path loss may be
  for _, folder in ipairs(folders) do
    if folder == "path" then
      for _, kind in ipairs { "loss.sum", "loss.term" } do refs[#refs + 1] = reference(kind) end
    end
  end
  return #refs == 1 and refs[1] or { anyOf = refs }
end

local function options(spec, kind, more)
  local properties, required = {}, {}
  for _, field in ipairs(spec.list) do
    local shape = compile(field.type)
    local described = {}
    for key, value in pairs(shape) do described[key] = value end
    described.description = field.doc ~= "" and field.doc or nil
    local default = field.default
    if type(default) == "number" or type(default) == "string" or type(default) == "boolean" then
      described.default = default
    end
    properties[field.name] = described
    -- what has a default is there in every config.json, but for runs made before the option was
    if default == schema.required then required[#required + 1] = field.name end
  end
  if kind then
    properties.kind = { const = kind }
    table.insert(required, 1, "kind")
  end
  for key, value in pairs(more or {}) do properties[key] = value end
  local shape = { type = "object", additionalProperties = false }
  if next(properties) then shape.properties = properties end
  if #required > 0 then shape.required = required end
  return shape
end

--- The shape of a value of a type.
function compile(compiled)
  if compiled.alternatives then
    local shapes = {}
    for i, alternative in ipairs(compiled.alternatives) do shapes[i] = compile(alternative) end
    return { anyOf = shapes }
  end
  if compiled.spec then return options(compiled.spec) end
  if compiled.folders then return node_shape(compiled.folders) end
  if compiled.ordered then
    return { type = "array", items = { type = "array", minItems = 2, maxItems = 2,
                                       prefixItems = { { type = "string" }, compile(compiled.element) } } }
  end
  if compiled.element then return { type = "array", items = compile(compiled.element) } end
  if compiled.names then return { type = "string", enum = compiled.names } end
  if compiled.json then return number(compiled) end
  return text_shapes[compiled.text] or { description = "any value" }
end

local function definition(kind, declaration, of)
  local more = of and { of = of } or {}
  if declaration.version then more.version = { const = declaration.version } end
  local shape = options(declaration.spec, kind, more)
  if of then table.insert(shape.required, "of") end
  local prose = table.concat((help.comment(kind)), " ")
  shape.title, shape.description = node.title(kind), prose ~= "" and prose or nil
  return shape
end

--- @param kinds of the constructors to describe; all where absent
return function(kinds)
  kinds = kinds or schema.load_all()
  local definitions, groups, all = {}, {}, {}
  -- `node graph` is the kind graph, the kinds graph.csv, ... and the nodes of their methods, graph:trim
  local function group(name, kind)
    groups[name] = groups[name] or {}
    table.insert(groups[name], kind)
  end
  for _, kind in ipairs(kinds) do
    local declaration = schema.find(kind).declaration
    local folder = kind:match "^([^.]+)%."
    definitions[kind], all[#all + 1] = definition(kind, declaration), kind
    if folder then group(folder, kind) end
    local methods = {}
    for name in pairs(declaration.methods) do methods[#methods + 1] = name end
    table.sort(methods)
    for _, name in ipairs(methods) do
      local method = declaration.methods[name]
      definitions[method.kind] = definition(method.kind, method, { ["$ref"] = "#/$defs/node" })
      all[#all + 1] = method.kind
      group(folder or kind, method.kind)
    end
  end
  local function refs(list)
    local found = {}
    for i, kind in ipairs(list) do found[i] = { ["$ref"] = "#/$defs/" .. kind } end
    return { anyOf = found }
  end
  for name, list in pairs(groups) do
    if definitions[name] then -- a kind and a folder of that name: the kind itself has another place
      local itself = name .. ":itself"
      definitions[itself] = definitions[name]
      table.insert(list, 1, itself)
      for i, kind in ipairs(all) do all[i] = kind == name and itself or kind end
    end
    definitions[name] = refs(list)
  end
  -- a folder that has no constructor yet
  for name in pairs(referred) do definitions[name] = definitions[name] or { ["not"] = { type = "object" } } end
  definitions.node = refs(all)
  definitions["function"] = { type = "object",
    description = "a function of the script: its text and what it uses, or a name of the host",
    anyOf = { { required = { "function" } }, { required = { "host" } }, { required = { "again" } } } }
  return {
    ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
    title = "A configuration of Moonlab", ["$ref"] = "#/$defs/experiment", ["$defs"] = definitions,
  }
end
