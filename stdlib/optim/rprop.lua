local schema = require "schema"
local optimizer = require "optimizer"

--- Steps by the sign of the gradient (Riedmiller and Braun 1993), for whole-set gradients, as torch.optim.Rprop.
-- @usage rprop { lr = 1e-3 }
return schema.declare("optim.rprop", optimizer.fields {
  { "lr", "number >= 0", 1e-2, "learning rate" },
  { "etas", "list of number > 0", { 0.5, 1.2 }, "factors of a step whose sign turned, and stayed" },
  { "step_sizes", "list of number >= 0", { 1e-6, 50 }, "smallest and largest step" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Rprop", o, context) end)
