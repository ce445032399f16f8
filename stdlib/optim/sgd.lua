local schema = require "schema"
local optimizer = require "optimizer"

--- Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD.
-- @usage sgd { lr = 0.05, momentum = 0.9, nesterov = true }
return schema.declare("optim.sgd", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "momentum", "number >= 0", 0.0, "share of the last step that is kept" },
  { "dampening", "number in [0, 1]", 0.0, "share of the gradient that momentum leaves out" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "nesterov", "boolean", false, "look ahead along the momentum" },
  { "maximize", "boolean", false, "climb instead of descend" },
}, function(o, context) return optimizer.build("SGD", o, context) end, {
  check = function(o)
    if o.nesterov and (o.momentum == 0 or o.dampening ~= 0) then
      return "nesterov needs momentum above 0 and no dampening", "nesterov"
    end
  end,
})
