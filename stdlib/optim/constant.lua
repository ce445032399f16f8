local schema = require "schema"
local warm = require "warmup"

--- A constant learning rate, after a rise over the warm-up.
-- @usage adamw { lr = 1e-3, schedule = constant { warmup = "5%" } }
return schema.declare("optim.constant", warm.fields {}, function(o)
  return { factor = function(step, total) return warm.factor(o, step, total) end }
end)
