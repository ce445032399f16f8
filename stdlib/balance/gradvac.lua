local schema = require "schema"
local host = require "host.balance"

--- GradVac (Wang et al. 2021): each pair of tasks has a moving average of the cosine between its gradients; where the
-- cosine falls below it, a gradient is turned towards the other until it is reached. At the first step it equals
-- PCGrad.
-- @usage gradvac { part = "layer" }
return schema.declare("balance.gradvac", {
  { "beta", "number in [0, 1]", 0.01, "how fast the target cosines follow" },
  { "part", "one of whole|layer|tensor", "whole", "cosines of the whole trunk, of each layer, or of each tensor" },
  { "update", "one of always|applied", "always", "targets follow at every step, or only where a gradient was turned" },
  { "reduction", "one of sum|mean", "sum", "sum over the tasks, or their mean" },
  { "seed", "integer >= 0", schema.optional, "seed of the random orders; the training seed where absent" },
}, function(o, context)
  context = context or {}
  return host.gradvac { beta = o.beta, part = o.part, update = o.update, reduction = o.reduction,
                        seed = o.seed or context.seed or 0, layers = context.layers }
end)
