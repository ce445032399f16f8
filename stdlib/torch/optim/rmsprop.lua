--- RMSprop (Tieleman and Hinton 2012), centered as in Graves 2013.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local RMSprop = { complex = true }

function RMSprop.check(o, who)
  batch.check(o, who)
  batch.require(o.momentum >= 0, who, "Invalid momentum value", o.momentum)
  batch.require(o.alpha >= 0, who, "Invalid alpha value", o.alpha)
end

function RMSprop:start(parameter, g)
  local state = { step = batch.zero_step(parameter, g), square_avg = torch.zeros_like(parameter) }
  if g.momentum > 0 then state.momentum_buffer = torch.zeros_like(parameter) end
  if g.centered then state.grad_avg = torch.zeros_like(parameter) end
  return state
end

function RMSprop:update(part, g)
  local lr = batch.rate(g.lr, g.capturable)
  torch._foreach_add_(part:column "step", 1)
  part:penalise(g.weight_decay)
  local square = part:column "square_avg"
  torch._foreach_mul_(square, g.alpha)
  torch._foreach_addcmul_(square, part.grads, part.grads, 1 - g.alpha)
  if g.centered then
    local mean = part:column "grad_avg"
    torch._foreach_lerp_(mean, part.grads, 1 - g.alpha)
    square = torch._foreach_addcmul(square, mean, mean, -1)
  end
  local root = part.roots(square, g.eps, g)
  if g.momentum > 0 then
    local buffers = part:column "momentum_buffer"
    torch._foreach_mul_(buffers, g.momentum)
    torch._foreach_addcdiv_(buffers, part.grads, root)
    part:add_scaled(buffers, -lr)
  else
    part:add_quotient(part.grads, root, -lr)
  end
end

return optimizer.class("RMSprop", {
  { "lr", 1e-2 }, { "alpha", 0.99 }, { "eps", 1e-8 }, { "weight_decay", 0 }, { "momentum", 0 }, { "centered", false },
  { "capturable", false }, { "foreach" }, { "maximize", false }, { "differentiable", false },
}, RMSprop)
