--- Goes through a configuration: nodes, tables of fields, lists and maps, with their types and dotted paths.

local node = require "language.node"
local order = require "language.order"
local overrides = require "language.overrides"
local types = require "language.types"

local tree = {}

local function join(path, key)
  if type(key) == "number" then return path .. "[" .. key .. "]" end
  return path == "" and key or path .. "." .. key
end

--- Calls visit(container, key, type, path, value) for everything below `root`, a node; owners before what they hold.
function tree.visit(root, visit)
  local seen = {}
  local walk

  local function fields(spec, container, path)
    for _, field in ipairs(spec.list) do
      -- The keys of an open table are addressed without the name of the field that collects them.
      local below = field.at == "keys" and path or join(path, field.name)
      if field.at ~= "keys" then visit(container, field.name, field.type, below, container[field.name]) end
      walk(container[field.name], field.type, below)
    end
  end

  function walk(value, compiled, path)
    if type(value) ~= "table" then return end
    if node.is(value) then
      if seen[value] then return end
      seen[value] = true
      visit(nil, nil, nil, path, value)
      if value.args.of and node.is(value.args.of) then walk(value.args.of, types.compile "node", join(path, "of")) end
      return fields(value.declaration.spec, value.args, path)
    end
    if getmetatable(value) ~= nil then return end
    compiled = overrides.concrete(compiled, value)
    if compiled and compiled.spec then return fields(compiled.spec, value, path) end
    local element = compiled and compiled.element or types.compile "any"
    for i = 1, #value do
      visit(value, i, element, join(path, i), value[i])
      walk(value[i], element, join(path, i))
    end
    for _, key in ipairs(order.keys(value)) do
      if type(key) == "string" then
        visit(value, key, element, join(path, key), value[key])
        walk(value[key], element, join(path, key))
      end
    end
  end

  walk(root, types.compile "node", "")
end

return tree
