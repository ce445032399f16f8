local schema = require "schema"
local optimizer = require "optimizer"

--- LBFGS (Liu and Nocedal 1989), as torch.optim.LBFGS: step takes a closure that computes the loss and its gradients.
-- @usage lbfgs { line_search_fn = "strong_wolfe" }
return schema.declare("optim.lbfgs", optimizer.fields {
  { "lr", "number >= 0", 1.0, "learning rate" },
  { "max_iter", "integer > 0", 20, "moves a step" },
  { "max_eval", "integer > 0", schema.optional, "calls of the closure a step; a quarter more than moves where absent" },
  { "tolerance_grad", "number >= 0", 1e-7, "largest gradient at which it is done" },
  { "tolerance_change", "number >= 0", 1e-9, "change of loss or weights at which it is done" },
  { "history_size", "integer > 0", 100, "gradients remembered" },
  { "line_search_fn", "one of strong_wolfe", schema.optional, "search along each direction" },
}, function(o, context) return optimizer.build("LBFGS", o, context) end)
