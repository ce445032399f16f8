local schema = require "schema"
local optimizer = require "optimizer"

--- Adam (Kingma and Ba 2015), as torch.optim.Adam: weight decay joins the gradient.
-- @usage adam { lr = 1e-3 }
return schema.declare("optim.adam", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "betas", "list of number in [0, 1)", { 0.9, 0.999 }, "decay of the averages of gradient and squared gradient" },
  { "eps", "number >= 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "amsgrad", "boolean", false, "divide by the largest average so far (Reddi et al. 2018)" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("Adam", o, context) end)
