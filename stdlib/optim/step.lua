local schema = require "schema"
local warm = require "warmup"

--- The learning rate is multiplied by `factor` at each of the listed shares of the run.
-- @usage sgd { lr = 0.1, schedule = step { at = { "40%", "80%" }, factor = 0.2 } }
return schema.declare("optim.step", warm.fields {
  { "at", "list of (integer > 0 or percent)", schema.required,
    "steps, or shares of the run, at which it falls", at = 1 },
  { "factor", "number in [0, 1]", 0.1, "what it is multiplied by" },
}, function(o)
  return {
    factor = function(step, total)
      local factor = warm.factor(o, step, total)
      for _, mark in ipairs(o.at) do
        if step >= warm.steps(mark, total) then factor = factor * o.factor end
      end
      return factor
    end,
  }
end)
