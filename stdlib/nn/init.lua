--- nn: layers of the host by PyTorch's names, and classes written in Lua.
-- nn.Linear(784, 10), nn.Linear { in_features = 784, out_features = 10 }, nn.Conv2d(1, 8, 3, { padding = 1 }).
local host = require "host.module"

local nn = {}

local methods = host.methods and require "nn.module"

--- A tensor as a trained parameter: a leaf that requires a gradient. Assigning it to a module registers it.
-- @usage local w = nn.Parameter(torch.zeros(3))
function nn.Parameter(tensor)
  local leaf = tensor:detach()
  leaf.requires_grad = true
  return leaf
end

local function fill(container, parts)
  for i, part in ipairs(parts) do
    container[i - 1] = part -- children count from 0, as PyTorch names them
    if #container ~= i then error(("nn.%s: part %d must be a module, got a %s"):format(container.kind, i, type(part)), 0) end
  end
  return container
end

--- Modules one after the other: nn.Sequential(a, b, c) or nn.Sequential { a, b, c }. seq[0] is the first.
-- @usage local net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
function nn.Sequential(first, ...)
  local parts = type(first) == "table" and first or { first, ... }
  return fill(host.make "Sequential", parts)
end

--- A list of modules that registers them.
-- @usage local layers = nn.ModuleList { nn.Linear(4, 4), nn.Linear(4, 4) }
function nn.ModuleList(parts) return fill(host.make "ModuleList", parts or {}) end

--- A plain container of modules by name: nn.Module { encoder = ..., head = ... }; more parts by assignment.
-- @usage local m = nn.Module {}; m.head = nn.Linear(4, 2)
function nn.Module(parts)
  local module = host.make "Module"
  local names = {}
  for name in pairs(parts or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do module[name] = parts[name] end
  return module
end

--- A class of modules: function Net:init(...) makes its parts, function Net:forward(x) computes; Net(...) makes one.
-- @usage local Net = nn.class "Net"; function Net:init() self.fc = nn.Linear(4, 2) end; function Net:forward(x) return self.fc(x) end
function nn.class(name, parent)
  local class = { name = name }
  return setmetatable(class, {
    __index = parent,
    __call = function(_, ...)
      local module = host.make_lua(name, class)
      if class.init then class.init(module, ...) end
      return module
    end,
  })
end

nn.init = require "nn.initializers"

return setmetatable(nn, {
  __index = function(_, name)
    if type(name) ~= "string" then return nil end
    if name == "functional" then
      local functional = require "nn.functional"
      rawset(nn, name, functional)
      return functional
    end
    local arguments = host.arguments(name) -- raises with the nearest name
    local function constructor(...) return host.make(name, ...) end
    rawset(nn, name, constructor)
    return constructor, arguments
  end,
})
