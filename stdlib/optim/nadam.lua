local schema = require "schema"
local optimizer = require "optimizer"

--- Adam with Nesterov's momentum (Dozat 2016), as torch.optim.NAdam.
-- @usage nadam { lr = 1e-3 }
return schema.declare("optim.nadam", optimizer.fields {
  { "lr", "number >= 0", 2e-3, "learning rate" },
  { "betas", "list of number in [0, 1)", { 0.9, 0.999 }, "decay of the averages of gradient and squared gradient" },
  { "eps", "number >= 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "momentum_decay", "number >= 0", 4e-3, "how fast the momentum rises to its first beta" },
  { "decoupled_weight_decay", "boolean", false, "weights decay apart from the gradient, as AdamW's" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("NAdam", o, context) end)
