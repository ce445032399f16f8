local schema = require "schema"
local tally = require "tally"

--- Share of samples whose predicted class is the true one. Between 0 and 1; higher is better.
-- @usage metric.top1 {}
return schema.declare("metric.top1", {}, function()
  return tally.share(function(prediction, batch) return prediction.y:eq(batch.y) end)
end)
