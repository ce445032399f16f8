--- Layers written in Lua with PyTorch's signatures.
--     define("Scale(factor=2.0, *, bias=nil)", { init = function(self, factor, bias) ... end, forward = ... })
-- init gets the arguments in order. forward may be made by define.method, with keywords as well.
local class = require("nn.class").class
local signature = require "torch.signature"

local define = {}

-- A method with PyTorch's signature, keywords in a trailing table; the module comes first.
function define.method(text, body)
  local parsed = signature(text, function(...) return ... end)
  return function(self, ...) return body(self, parsed(...)) end
end

-- Python's way to write a value.
function define.repr(value, as_float)
  if value == nil or value == require("host.tensor").None then return "None" end
  if type(value) == "boolean" then return value and "True" or "False" end
  if type(value) == "string" then return "'" .. value .. "'" end
  if type(value) == "number" then
    local text = value == math.huge and "inf" or value == -math.huge and "-inf" or ("%.17g"):format(value)
    if tonumber(("%.15g"):format(value)) == value and not text:find "inf" then text = ("%.15g"):format(value) end
    return as_float and text:match "^-?%d+$" and text .. ".0" or text
  end
  local parts = {}
  for i, part in ipairs(value) do parts[i] = define.repr(part, as_float) end
  return "(" .. table.concat(parts, ", ") .. (#parts == 1 and ",)" or ")")
end

-- One number for all of n dims, or one for each.
function define.each(value, n)
  if type(value) ~= "table" then value = { value } end
  if #value == n then return value end
  local list = {}
  for i = 1, n do list[i] = value[1] end
  return list
end

function define.layer(text, methods)
  local made = class(text:match "^[%w_]+")
  made.signature = text -- for help
  local init = methods.init
  for name, method in pairs(methods) do made[name] = method end
  made.init = define.method(text, init)
  return made
end

return define
