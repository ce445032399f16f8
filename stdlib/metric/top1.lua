local label_rows = require "label_rows"
local schema = require "schema"
local tally = require "tally"

--- Share of samples whose predicted class is the true one, or one of the true ones where there are
-- several. Between 0 and 1; higher is better.
-- @usage metric.top1 {}
return schema.declare("metric.top1", {}, function()
  return tally.share(function(prediction, batch) return label_rows.hit(prediction.y, batch.y) end)
end)
