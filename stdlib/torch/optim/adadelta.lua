--- Adadelta (Zeiler 2012).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Adadelta = { complex = true }

function Adadelta.check(o, who)
  batch.check(o, who)
  batch.require(o.rho >= 0 and o.rho <= 1, who, "Invalid rho value", o.rho)
end

function Adadelta:start(parameter, g)
  return { step = batch.zero_step(parameter, g), square_avg = torch.zeros_like(parameter),
           acc_delta = torch.zeros_like(parameter) }
end

function Adadelta:update(part, g)
  local lr = batch.rate(g.lr, g.capturable)
  torch._foreach_add_(part:column "step", 1)
  part:penalise(g.weight_decay)
  local square, moved = part:column "square_avg", part:column "acc_delta"
  torch._foreach_mul_(square, g.rho)
  torch._foreach_addcmul_(square, part.grads, part.grads, 1 - g.rho)
  local root = torch._foreach_add(square, g.eps)
  torch._foreach_sqrt_(root)
  local delta = torch._foreach_add(moved, g.eps)
  torch._foreach_sqrt_(delta)
  torch._foreach_div_(delta, root)
  torch._foreach_mul_(delta, part.grads)
  torch._foreach_mul_(moved, g.rho)
  torch._foreach_addcmul_(moved, delta, delta, 1 - g.rho)
  part:add_scaled(delta, -lr)
end

return optimizer.class("Adadelta", {
  { "lr", 1.0 }, { "rho", 0.9 }, { "eps", 1e-6 }, { "weight_decay", 0 }, { "foreach" }, { "capturable", false },
  { "maximize", false }, { "differentiable", false },
}, Adadelta)
