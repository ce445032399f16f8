local schema = require "schema"
local host = require "host.balance"

--- MetaBalance (He et al. 2022): auxiliary gradients in the trunk are brought to the magnitude of the main task's,
-- tensor by tensor, with moving averages of their norms. A weight of an auxiliary task cancels in the share `relax`
-- and stays in the rest: with relax = 1 it has no effect. mode "two_pass": the heads step first, the trunk's
-- gradients are taken at the new heads; "joint": all gradients before any step; "stale": the new heads' weights meet
-- what the old ones answered, as in the public example of the method (for comparison alone).
-- @usage metabalance { relax = 0.7, beta = 0.9 }
return schema.declare("balance.metabalance", {
  { "relax", "number in [0, 1]", 0.7, "share of a gradient that is balanced" },
  { "beta", "number in [0, 1)", 0.9, "memory of the moving norms" },
  { "mode", "one of joint|two_pass|stale", "joint", "when the heads step" },
  { "strategy", "one of A|B|C", "C", "A shrinks larger gradients only, B enlarges smaller ones only, C does both" },
  { "part", "one of tensor|layer|whole", "tensor", "norms of each parameter tensor, each layer, or the whole trunk" },
}, function(o, context)
  return host.metabalance { relax = o.relax, beta = o.beta, strategy = o.strategy, part = o.part,
                            layers = context and context.layers }
end)
