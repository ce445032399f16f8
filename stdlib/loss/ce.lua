local schema = require "schema"
local reduction = require "reduction"

--- Cross entropy between class probabilities, softmax(logits), and the target: hard labels y or soft ones t.
-- A sample's loss is -sum_c t_c log p_c; label smoothing replaces t by (1 - s) t + s / C.
-- @usage loss.ce { label_smoothing = 0.1 }
return schema.declare("loss.ce", {
  { "label_smoothing", "number in [0, 1]", 0.0, "share of the target spread evenly over all classes" },
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o)
  return function(logits, target)
    local log_probabilities = logits:log_softmax(1)
    local each
    if target.t then
      each = -(target.t:to(logits.dtype) * log_probabilities):sum(1)
    else
      each = -log_probabilities:gather(1, target.y:unsqueeze(1)):squeeze(1)
    end
    if o.label_smoothing > 0 then
      each = each * (1 - o.label_smoothing) - log_probabilities:mean(1) * o.label_smoothing
    end
    return reduction.apply(each, target, o.reduction)
  end
end)
