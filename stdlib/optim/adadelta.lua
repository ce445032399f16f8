local schema = require "schema"
local optimizer = require "optimizer"

--- Adadelta (Zeiler 2012), as torch.optim.Adadelta.
-- @usage adadelta { rho = 0.95 }
return schema.declare("optim.adadelta", optimizer.fields {
  { "lr", "number >= 0", 1.0, "learning rate" },
  { "rho", "number in [0, 1]", 0.9, "decay of the averages" },
  { "eps", "number >= 0", 1e-6, "added under the roots" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Adadelta", o, context) end)
