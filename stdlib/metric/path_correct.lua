local label_rows = require "label_rows"
local schema = require "schema"
local tally = require "tally"

--- Share of samples whose whole decoded path is one of the paths to their true label (Section 2 of the label-space
-- paper: P(v), deterministic or not). Unlike top1 a path that goes on below a coarse label does not count.
-- @usage metric.path_correct {}
return schema.declare("metric.path_correct", {}, function()
  return tally.share(function(prediction, batch)
    local tokens = prediction.tokens
    if not tokens then error("path_correct: the model decodes no paths; it needs a path_decoder", 0) end
    -- a decoded path follows edges from the root, so it is one of P(v) for its last node v
    local length = tokens:gt(0):sum(1)
    local last = tokens:gather(1, (length - 1):clamp_min(0):unsqueeze(1)):squeeze(1)
    return label_rows.hit(last, batch.y)
  end)
end)
