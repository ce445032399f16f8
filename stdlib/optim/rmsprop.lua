local schema = require "schema"
local optimizer = require "optimizer"

--- RMSprop (Tieleman and Hinton 2012), as torch.optim.RMSprop.
-- @usage rmsprop { lr = 1e-3 }
return schema.declare("optim.rmsprop", optimizer.fields {
  { "lr", "number >= 0", 1e-2, "learning rate" },
  { "alpha", "number >= 0", 0.99, "decay of the average of squared gradients" },
  { "eps", "number >= 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "momentum", "number >= 0", 0.0, "share of the last step that is kept" },
  { "centered", "boolean", false, "divide by the variance instead of the second moment (Graves 2013)" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("RMSprop", o, context) end)
