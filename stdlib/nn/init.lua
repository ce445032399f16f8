--- nn: layers of the host by PyTorch's names, and classes written in Lua.
-- nn.Linear(784, 10), nn.Linear { in_features = 784, out_features = 10 }, nn.Conv2d(1, 8, 3, { padding = 1 }).
local host = require "host.module"

local nn = {}

nn.Parameter = require "nn.parameter"
for name, constructor in pairs(require "nn.container") do nn[name] = constructor end

local class = require "nn.class"

--- A plain container of modules by name: nn.Module { encoder = ..., head = ... }; more parts by assignment. Also the
-- class that all others derive from: nn.Module.train(self, on) is what a train of one's own calls for the rest.
-- @usage local m = nn.Module {}; m.head = nn.Linear(4, 2)
nn.Module = class.base

--- A class of modules: function Net:init(...) makes its parts, function Net:forward(x) computes; Net(...) makes one.
-- nn.class("Wide", Net) derives from Net: Wide.super.init(self, ...) runs Net's init. extra_repr, train, get_extra_state
-- and set_extra_state are its own where it defines them.
-- @usage local Net = nn.class "Net"; function Net:init() self.fc = nn.Linear(4, 2) end; function Net:forward(x) return self.fc(x) end
nn.class = class.class

nn.init = require "nn.initializers"

-- What is loaded when it is first named.
local parts = { functional = "nn.functional", summary = "nn.summary", copy = "nn.copy", utils = "nn.utilities" }

return setmetatable(nn, {
  __index = function(_, name)
    if type(name) ~= "string" then return nil end
    if parts[name] then
      rawset(nn, name, require(parts[name]))
      return rawget(nn, name)
    end
    local written = require("nn.layers")[name] -- those that take or keep more than plain values
    if written then
      rawset(nn, name, written)
      return written
    end
    local arguments = host.arguments(name) -- raises with the nearest name
    local function constructor(...) return host.make(name, ...) end
    rawset(nn, name, constructor)
    return constructor, arguments
  end,
})
