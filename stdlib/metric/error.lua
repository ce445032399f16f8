local schema = require "schema"
local tally = require "tally"

--- Share of samples whose predicted class is not the true one: 1 - top1. Lower is better.
-- @usage metric.error {}
return schema.declare("metric.error", {}, function()
  return tally.share(function(prediction, batch) return prediction.y:ne(batch.y) end)
end)
