local label_rows = require "label_rows"
local schema = require "schema"
local tally = require "tally"

--- Share of samples whose predicted labels are the true ones, no more and no less. With one label a sample it is top1.
-- @usage metric.exact {}
return schema.declare("metric.exact", {}, function()
  return tally.share(function(prediction, batch)
    if batch.y.ndim == 1 or not prediction.set then
      local one = batch.y.ndim == 1 or batch.y:ge(0):sum(1):eq(1)
      local hit = label_rows.hit(prediction.y, batch.y)
      return one == true and hit or hit:logical_and(one)
    end
    return prediction.set:eq(label_rows.indicator(batch.y, prediction.set:size(1))):all(1)
  end)
end)
