local schema = require "schema"
local tally = require "tally"

--- Mean probability of the predicted class, for heads that give scores; beside top1 it shows over-confidence.
-- @usage metric.confidence {}
return schema.declare("metric.confidence", {}, function()
  return tally.mean(function(prediction)
    if not prediction.scores then error("confidence: this head gives no probabilities", 0) end
    return (prediction.scores:amax(1))
  end)
end)
