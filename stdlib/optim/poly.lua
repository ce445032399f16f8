local schema = require "schema"
local warm = require "warmup"

--- The learning rate falls as (1 - share of the run)^power; power 1 is a straight line to 0.
-- @usage adamw { schedule = poly { power = 1 } }
return schema.declare("optim.poly", warm.fields {
  { "power", "number > 0", 1.0, "exponent" },
}, function(o)
  return {
    factor = function(step, total)
      return warm.factor(o, step, total) * (1 - warm.progress(o, step, total)) ^ o.power
    end,
  }
end)
