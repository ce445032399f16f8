local schema = require "schema"

--- A cell of a table: mean ± standard deviation (n) of a metric over the runs of the cell.
-- @usage mean_std "test.top1"
-- @usage mean_std { "test.top1", digits = 4, interval = true }
return schema.declare("mean_std", {
  { "metric", "string", schema.required, "the metric's key", at = 1 },
  { "digits", "integer >= 0", 3, "decimals" },
  { "interval", "boolean", false, "the 95 % interval of the mean (Student's t) instead of the deviation" },
  { "scale", "number > 0", 1, "every value times this: 100 shows shares as percent" },
}, nil)
