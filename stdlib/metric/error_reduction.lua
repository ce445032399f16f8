local course = require "course"
local learning_curve = require "learning_curve"
local schema = require "schema"

local Reduction = { stem = "error_reduction_", after = true } -- stem: what its key begins with
Reduction.__index = Reduction

local nan = 0 / 0

-- The error behind a value: of accuracies what is missing to 1.
local function error_rate(value, mode) return mode == "min" and value or 1 - value end

function Reduction:read(given)
  local name = self.stem .. given.name
  local other, hint = given.reference(self.against)
  if not other then return { { name, nan, hint } } end
  if not other.final or not given.final then return { { name, nan, "its reference has no " .. given.name } } end
  return { { name, learning_curve.error_reduction(error_rate(other.final, given.mode),
                                                  error_rate(given.final, given.mode)) } }
end

--- The share of a reference's errors that are gone after training, (reference - error) / reference: 0.195 where 8.66 %
-- became 6.97 %. Accuracies count as 1 - accuracy. `against` names the parameters in which the reference differs, as
-- best_of does for metric.time_to; in the table of an ablation means over seeds are compared, and without `against` the
-- reference is the row that a row is compared with. Its key is error_reduction_NAME.
-- @usage metric.error_reduction { "top1", against = { head = "onehot" } }
return schema.declare("metric.error_reduction", {
  course.metric_field,
  { "against", "map of (number or string or boolean)", schema.optional, "parameters of the run to compare with" },
  course.mode_field,
}, function(o) return setmetatable({ metric = o.metric, against = o.against, mode = o.mode }, Reduction) end,
  { check = course.check })
