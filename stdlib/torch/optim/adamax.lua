--- Adamax: Adam with the infinity norm (Kingma and Ba 2015, section 7.1).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Adamax = { complex = true, check = batch.check }

function Adamax:start(parameter, g)
  return { step = batch.zero_step(parameter, g), exp_avg = torch.zeros_like(parameter),
    exp_inf = torch.zeros_like(parameter) }
end

function Adamax:update(part, g)
  local beta1, beta2 = g.betas[1], g.betas[2]
  local lr = batch.rate(g.lr, g.capturable)
  local steps = part:count(g.capturable)
  part:penalise(g.weight_decay)
  local mean, norm = part:column "exp_avg", part:column "exp_inf"
  torch._foreach_lerp_(mean, part.grads, 1 - beta1)
  torch._foreach_mul_(norm, beta2)
  local size = torch._foreach_abs(part.grads)
  torch._foreach_add_(size, g.eps)
  torch._foreach_maximum_(norm, size)
  part:add_quotient(mean, norm, part.each(steps, function(t) return -lr / (1 - beta1 ^ t) end))
end

return optimizer.class("Adamax", {
  { "lr", 2e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "weight_decay", 0 }, { "foreach" },
  { "maximize", false }, { "differentiable", false }, { "capturable", false },
}, Adamax)
