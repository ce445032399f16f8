--- torch.linalg, torch.fft, torch.special: ATen's operators linalg_NAME, fft_NAME, special_NAME under their short names.
local torch = require "torch"
local operators = require "host.operators"
local nearest = require "language.nearest"

--- A table whose names are the operators that begin with the family's name, found on first use. `more` holds names
-- that are spelled otherwise: { matmul = "matmul" }.
return function(family, more)
  local prefix = family .. "_"
  return setmetatable({}, {
    __index = function(self, name)
      local call = type(name) == "string" and (operators.find(more[name] or prefix .. name, false))
      if not call then
        local names = {}
        for known in pairs(more) do names[#names + 1] = known end
        for _, operator in ipairs(operators.names "aten") do
          if operator:sub(1, #prefix) == prefix then names[#names + 1] = operator:sub(#prefix + 1) end
        end
        error(("torch.%s has no operator '%s'%s"):format(family, tostring(name), nearest.did_you_mean(tostring(name), names)), 2)
      end
      rawset(self, name, call)
      return call
    end,
  })
end
