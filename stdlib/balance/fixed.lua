local schema = require "schema"

local Fixed = {}
Fixed.__index = Fixed

--- The plain sum of the tasks' gradients.
function Fixed:combine(by_task)
  local total = by_task[1]
  for i = 2, #by_task do total = torch._foreach_add(total, by_task[i]) end
  return total
end

--- No balance: gradients are added as the weights say.
-- @usage fixed {}
return schema.declare("balance.fixed", {}, function() return setmetatable({}, Fixed) end)
