local label_rows = require "label_rows"
local schema = require "schema"
local tally = require "tally"

--- Share of samples whose predicted class is not the true one: 1 - top1. Lower is better.
-- @usage metric.error {}
return schema.declare("metric.error", {}, function()
  return tally.share(function(prediction, batch) return label_rows.hit(prediction.y, batch.y):logical_not() end)
end)
