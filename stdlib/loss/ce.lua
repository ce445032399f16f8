local class_weights = require "class_weights"
local schema = require "schema"
local reduction = require "reduction"

--- Cross entropy between class probabilities, softmax(logits), and the target: hard labels y or soft ones t.
-- A sample's loss is -sum_c v_c t_c log p_c; label smoothing replaces t by (1 - s) t + s / C. Where classes have
-- weights v, the mean over hard labels divides by the weights of the labels, as torch's cross_entropy does.
-- @usage loss.ce { label_smoothing = 0.1 }
return schema.declare("loss.ce", {
  { "label_smoothing", "number in [0, 1]", 0.0, "share of the target spread evenly over all classes" },
  class_weights.field(schema.optional),
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o, context)
  local weights_for = class_weights.of(o.class_weights, context, "loss.ce")
  return function(logits, target)
    local log_probabilities, counted = logits:log_softmax(1), nil
    if weights_for then
      local v = weights_for(logits)
      log_probabilities = log_probabilities * v
      if not target.t then counted = v:index_select(0, target.y) end
    end
    local each
    if target.t then
      each = -(target.t:to(logits.dtype) * log_probabilities):sum(1)
    else
      each = -log_probabilities:gather(1, target.y:unsqueeze(1)):squeeze(1)
    end
    if o.label_smoothing > 0 then
      each = each * (1 - o.label_smoothing) - log_probabilities:mean(1) * o.label_smoothing
    end
    return reduction.apply(each, target, o.reduction, counted)
  end
end)
