local schema = require "schema"
local optimizer = require "optimizer"

--- Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW.
-- @usage adamw { lr = 1e-3 }
return schema.declare("optim.adamw", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "betas", "list of number in [0, 1)", { 0.9, 0.999 }, "decay of the averages of gradient and squared gradient" },
  { "eps", "number >= 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.01, "share of a weight taken off it, times lr, a step" },
  { "amsgrad", "boolean", false, "divide by the largest average so far (Reddi et al. 2018)" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("AdamW", o, context) end)
