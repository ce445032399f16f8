local schema = require "schema"
local reduction = require "reduction"

--- Smooth L1: quadratic below `beta`, linear above; with beta = 1 the Huber loss of delta 1. Mean over the D numbers
-- of a sample. The regression loss of dense labels.
-- @usage loss.smooth_l1 { beta = 1 }
return schema.declare("loss.smooth_l1", {
  { "beta", "number > 0", 1.0, "difference where the square turns into a line" },
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o)
  return function(logits, target)
    local t = reduction.dense(target, logits)
    local gap = (logits - t):abs()
    local each = torch.where(gap:lt(o.beta), gap:square() * (0.5 / o.beta), gap - 0.5 * o.beta):mean(1)
    return reduction.apply(each, target, o.reduction)
  end
end)
