--- What every Lua program finds as a global: torch, scope, keep, memory, show; and, loaded on first use, the rest.
local tensor = require "host.tensor"

torch = require "torch"
scope, keep = tensor.scope, tensor.keep

--- Prints a value for a reader: a tensor summarised, with {full = true} whole; a table with its keys.
-- @usage show(torch.ones(3), { full = true })
function show(x, options) io.write(require "inspect"(x, options), "\n") end

local lazy = require "lazy_globals"

setmetatable(_G, {
  __index = function(globals, name)
    if type(name) ~= "string" then return nil end
    local module = lazy[name]
    local value
    if module then
      value = require(module)
    else
      value = require "constructors".find(name)
    end
    if value ~= nil then rawset(globals, name, value) end
    return value
  end,
  -- for completion at the prompt
  __names = function()
    local names = require "constructors".names()
    for name in pairs(lazy) do names[#names + 1] = name end
    return names
  end,
})
