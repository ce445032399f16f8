local schema = require "schema"
local reduction = require "reduction"

--- Mean squared error between outputs [N, D] and targets t [N, D] (one-hot rows of y where there is no t): the
-- mean over the D numbers of a sample.
-- @usage loss.mse {}
return schema.declare("loss.mse", {
  { "reduction", "one of mean|sum|none", "mean", "how the samples' losses become one number" },
}, function(o)
  return function(logits, target)
    local t = reduction.dense(target, logits)
    local each = (logits - t):square():mean(1)
    return reduction.apply(each, target, o.reduction)
  end
end)
