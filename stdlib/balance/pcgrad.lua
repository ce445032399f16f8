local schema = require "schema"
local host = require "host.balance"

--- PCGrad (Yu et al. 2020): where two tasks' gradients point against each other, each loses its part along the other;
-- every task meets the others in a random order, and the update is the sum.
-- @usage pcgrad {}
return schema.declare("balance.pcgrad", {
  { "part", "one of whole|layer|tensor", "whole", "conflicts of the whole trunk, of each layer, or of each tensor" },
  { "reduction", "one of sum|mean", "sum", "sum over the tasks, as in the paper, or their mean" },
  { "seed", "integer >= 0", schema.optional, "seed of the random orders; the training seed where absent" },
}, function(o, context)
  context = context or {}
  return host.pcgrad { part = o.part, reduction = o.reduction, seed = o.seed or context.seed or 0,
                       layers = context.layers }
end)
