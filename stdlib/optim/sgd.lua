local schema = require "schema"
local optimizer = require "optimizer"

local rule = {}

function rule.start(parameter) return { momentum_buffer = torch.zeros_like(parameter) } end

function rule.step(parameters, grads, states, o, group)
  local momentum = o.momentum ~= 0 and optimizer.column(states, "momentum_buffer") or {}
  torch._fused_sgd_(parameters, grads, momentum, {
    weight_decay = o.weight_decay, momentum = o.momentum, lr = group.lr, dampening = o.dampening, nesterov = o.nesterov,
    maximize = false, is_first_step = group.steps == 1,
  })
end

--- Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD.
-- @usage sgd { lr = 0.05, momentum = 0.9, nesterov = true }
return schema.declare("optim.sgd", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "momentum", "number in [0, 1]", 0.0, "share of the last step that is kept" },
  { "dampening", "number in [0, 1]", 0.0, "share of the gradient that momentum leaves out" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "nesterov", "boolean", false, "look ahead along the momentum" },
}, function(o, context)
  if o.nesterov and (o.momentum == 0 or o.dampening ~= 0) then
    error("sgd: nesterov needs momentum above 0 and no dampening", 0)
  end
  return optimizer.build(rule, o, context)
end)
