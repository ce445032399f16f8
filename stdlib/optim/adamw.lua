local schema = require "schema"
local optimizer = require "optimizer"

--- Adam with decoupled weight decay (Loshchilov and Hutter 2019), as torch.optim.AdamW.
-- @usage adamw { lr = 1e-3 }
return schema.declare("optim.adamw", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "betas", "list of number in [0, 1)", { 0.9, 0.999 }, "decay of the averages of gradient and squared gradient" },
  { "eps", "number > 0", 1e-8, "added to the root of the squared average" },
  { "weight_decay", "number >= 0", 0.01, "share of a weight taken off it, times lr, a step" },
}, function(o, context)
  if #o.betas ~= 2 then error("adamw: betas must be two numbers", 0) end
  return optimizer.build(require("adaptive_rule")(torch._fused_adamw_), o, context)
end)
