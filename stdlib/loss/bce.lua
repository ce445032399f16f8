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
    local each = torch.binary_cross_entropy_with_logits(logits, t, { reduction = 0 }):mean(1) -- 0: a value an output
    return reduction.apply(each, target, o.reduction)
  end
end)
