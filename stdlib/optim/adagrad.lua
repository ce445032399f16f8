local schema = require "schema"
local optimizer = require "optimizer"

--- Adagrad (Duchi, Hazan and Singer 2011), as torch.optim.Adagrad.
-- @usage adagrad { lr = 1e-3 }
return schema.declare("optim.adagrad", optimizer.fields {
  { "lr", "number >= 0", 1e-2, "learning rate" },
  { "lr_decay", "number >= 0", 0.0, "fall of the learning rate a step" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "initial_accumulator_value", "number >= 0", 0.0, "sum of squares to begin with" },
  { "eps", "number >= 0", 1e-10, "added to the root of the sum" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Adagrad", o, context) end)
