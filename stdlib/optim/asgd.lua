local schema = require "schema"
local optimizer = require "optimizer"

--- Averaged gradient descent (Polyak and Juditsky 1992), as torch.optim.ASGD; the average is its state `ax`.
-- @usage asgd { lr = 1e-3 }
return schema.declare("optim.asgd", optimizer.fields {
  { "lr", "number >= 0", 1e-2, "learning rate" },
  { "lambd", "number >= 0", 1e-4, "decay of the weights and of the rate" },
  { "alpha", "number", 0.75, "power of the rate's decay" },
  { "t0", "number >= 0", 1e6, "step at which averaging begins" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("ASGD", o, context) end)
