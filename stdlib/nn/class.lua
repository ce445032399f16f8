--- Classes of modules written in Lua.
local host = require "host.module"
local methods = require "nn.module"

-- What a class without a parent inherits: nn.Module, which made plain gives a container of modules by name.
local base = setmetatable({ name = "Module", init = function() end }, {
  __index = methods,
  __tostring = function() return "nn.Module" end,
  __call = function(_, parts)
    local module = host.make "Module"
    local names = {}
    for name in pairs(parts or {}) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do module[name] = parts[name] end
    return module
  end,
})

local function class(name, parent)
  if type(name) ~= "string" then error("nn.class: give the class a name", 2) end
  if parent ~= nil and (type(parent) ~= "table" or not (parent == base or rawget(parent, "name"))) then
    error(("nn.class '%s': a parent must be a class made by nn.class, got a %s"):format(name, type(parent)), 2)
  end
  local made = { name = name, super = parent or base }
  return setmetatable(made, {
    __index = parent ~= base and parent or nil,
    __tostring = function() return "class " .. name end,
    __call = function(_, ...)
      local module = host.make_lua(name, made)
      local init = made.init
      if init then init(module, ...)
      elseif select("#", ...) > 0 then error(("%s takes no arguments: it has no init"):format(name), 2) end
      return module
    end,
  })
end

--- m:is(class), m:is "Linear": whether a module is of a class or of one derived from it.
function methods.is(m, wanted)
  if type(wanted) == "string" then if m.kind == wanted then return true end end
  local at = rawget(host.fields(m), " class")
  while at do
    if at == wanted or rawget(at, "name") == wanted then return true end
    at = rawget(at, "super")
  end
  return wanted == base
end

return { class = class, base = base }
