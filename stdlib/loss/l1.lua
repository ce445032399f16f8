local schema = require "schema"
local reduction = require "reduction"

--- Mean absolute error between outputs [N, D] and targets t [N, D] (one-hot rows of y where there is no t).
-- @usage loss.l1 {}
return schema.declare("loss.l1", {
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o)
  return function(logits, target)
    local t = reduction.dense(target, logits)
    local each = (logits - t):abs():mean(1)
    return reduction.apply(each, target, o.reduction)
  end
end)
