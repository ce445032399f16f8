local schema = require "schema"
local reduction = require "reduction"

--- Binary cross entropy on logits: every output is a coin of its own, p = sigmoid(logit). Mean over the outputs of a
-- sample; targets t [N, D] in [0, 1], one-hot rows of y where there is no t.
-- @usage loss.bce {}
return schema.declare("loss.bce", {
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o)
  return function(logits, target)
    local t = reduction.dense(target, logits)
    -- max(z, 0) - z t + log(1 + exp(-|z|)): no overflow at either end
    local each = (logits:clamp_min(0) - logits * t + (-logits:abs()):exp():log1p()):mean(1)
    return reduction.apply(each, target, o.reduction)
  end
end)
