--- Rprop: steps by the sign of the gradient, with a size of its own for every weight (Riedmiller and Braun 1993).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Rprop = { complex = true }

function Rprop.check(o, who)
  batch.check(o, who)
  local less, more = o.etas[1], o.etas[2]
  batch.require(0 < less and less < 1 and 1 < more, who, ("Invalid eta values: %s, %s"):format(less, more))
end

function Rprop:start(parameter, g, grad)
  return { step = batch.zero_step(parameter, g), prev = torch.zeros_like(parameter),
           step_size = batch.filled(grad, batch.rate(g.lr)) }
end

function Rprop:update(part, g)
  local less, more = g.etas[1], g.etas[2]
  torch._foreach_add_(part:column "step", 1)
  local before, sizes = part:column "prev", part:column "step_size"
  -- a gradient through this step needs the old signs, which are about to be written over
  local turns = torch._foreach_mul(part.grads, g.differentiable and torch._foreach_mul(before, 1) or before)
  torch._foreach_sign_(turns)
  -- 1 where the sign is new or the gradient 0, `more` where it stayed, `less` where it turned
  local factors = torch._foreach_clamp_min(turns, 0)
  torch._foreach_mul_(factors, more - 1)
  local turned = torch._foreach_clamp_max(turns, 0)
  torch._foreach_add_(factors, turned, { alpha = 1 - less })
  torch._foreach_add_(factors, 1)
  torch._foreach_mul_(sizes, factors)
  torch._foreach_clamp_min_(sizes, g.step_sizes[1])
  torch._foreach_clamp_max_(sizes, g.step_sizes[2])
  -- where it turned, the weight waits and the next step counts as a first one
  torch._foreach_add_(turned, 1)
  torch._foreach_zero_(before)
  torch._foreach_addcmul_(before, part.grads, turned)
  torch._foreach_addcmul_(part.params, torch._foreach_sign(before), sizes, -1)
end

return optimizer.class("Rprop", {
  { "lr", 1e-2 }, { "etas", { 0.5, 1.2 } }, { "step_sizes", { 1e-6, 50 } }, { "capturable", false }, { "foreach" },
  { "maximize", false }, { "differentiable", false },
}, Rprop)
