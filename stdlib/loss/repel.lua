local factors = require "sample_factors"
local host = require "host.adaptive"
local schema = require "schema"

--- Repulsion between outputs of different classes (LwAL, eq. 3): the cosine of their angle over all ordered pairs of a
-- batch, times `weight`. "mean_all" divides by B^2, as the authors' code does; "sum" does not, as it is printed, and so
-- is B^2 times as strong; "mean_pairs" divides by the number of pairs. It costs O(B d): no [B, B] is made. A batch
-- without two classes costs nothing. Outputs are any [B, d]; soft labels t count a pair with the probability that its
-- labels differ.
-- @usage loss.repel { weight = 10 }
return schema.declare("loss.repel", {
  { "weight", "number > 0", 10.0, "factor on the whole" },
  { "reduction", "one of mean_all|mean_pairs|sum", "mean_all", "how the pairs become one number" },
}, function(o, context)
  local classes = context and context.classes
  return function(outputs, target)
    local n = target.t and target.t:size(1) or classes or outputs:size(1)
    local w = factors(target, torch.promote_types(outputs.dtype, "float32"))
    return host.repel(outputs, target.y, target.t, w, n, o.reduction) * o.weight
  end
end)
