local schema = require "schema"
local optimizer = require "optimizer"

--- Adamax: Adam with the infinity norm (Kingma and Ba 2015, section 7.1), as torch.optim.Adamax.
-- @usage adamax { lr = 1e-3 }
return schema.declare("optim.adamax", optimizer.fields {
  { "lr", "number >= 0", 2e-3, "learning rate" },
  { "betas", "list of number in [0, 1)", { 0.9, 0.999 }, "decay of the averages of gradient and squared gradient" },
  { "eps", "number >= 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Adamax", o, context) end)
