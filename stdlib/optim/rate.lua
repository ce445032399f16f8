local schema = require "schema"

--- A schedule of one's own: a function of the step gives the factor on the learning rate. A plain function as
-- `schedule` is this.
-- @usage adamw { schedule = function(step, total) return 1 - step / total end }
return schema.declare("optim.rate", {
  { "fn", "function", schema.required, "function(step from 0, steps of the run) -> factor >= 0", at = 1 },
}, function(o)
  return {
    factor = function(step, total, epoch)
      local value = o.fn(step, total, epoch)
      if type(value) ~= "number" or value ~= value or value < 0 or value == math.huge then
        error(("schedule: the function gave %s at step %d; a factor is a number >= 0"):format(tostring(value), step), 0)
      end
      return value
    end,
  }
end)
