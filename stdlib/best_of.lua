local schema = require "schema"

--- The best value that a run reached which has this run's configuration but for some parameters: what metric.time_to is
-- to reach. A parameter of the script by its name, any other option by its path in [" "].
-- @usage time_to { "top1", reach = best_of { head = "onehot" } }
return schema.declare("best_of", {
  { "changes", "map of (number or string or boolean)", schema.required, "the parameters that differ", at = "keys" },
}, nil, {
  check = function(o)
    if next(o.changes) == nil then return "name the parameters that differ, as in best_of { head = \"onehot\" }" end
  end,
})
