--- ASGD: gradient descent whose iterates are averaged (Polyak and Juditsky 1992); the average is state `ax`.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"
local is_tensor = require "host.tensor".is_tensor

local ASGD = { complex = true, check = batch.check }

function ASGD:start(parameter, g)
  local step = batch.zero_step(parameter, g)
  return { step = step, eta = torch.full_like(step, batch.rate(g.lr)), mu = torch.ones_like(step),
    ax = torch.zeros_like(parameter) }
end

-- The rate and the average's weight for the step to come are kept as tensors of the default dtype, as PyTorch does.
local function plan(part, g, lr, steps)
  local rates = part.each(steps, function(t) return lr / (1 + g.lambd * lr * t) ^ g.alpha end)
  local weights = part.each(steps, function(t)
    if is_tensor(t) then return (t - g.t0):clamp_min(1):reciprocal() end
    return 1 / math.max(1, t - g.t0)
  end)
  for i, entry in ipairs(part.states) do
    if is_tensor(rates[i]) then
      entry.eta:copy_(rates[i])
      entry.mu:copy_(weights[i])
    else
      -- PyTorch's rate has passed through the default dtype
      entry.eta:copy_(torch.scalar_tensor(rates[i], { dtype = torch.get_default_dtype() }))
      entry.mu:copy_(torch.scalar_tensor(weights[i], { dtype = torch.get_default_dtype() }))
    end
  end
end

function ASGD:update(part, g)
  local lr = batch.rate(g.lr)
  local steps = part:count(g.capturable)
  part:penalise(g.weight_decay)
  local average, shrink, rates, weights = part:column "ax", {}, {}, {}
  for i, entry in ipairs(part.states) do
    local eta, mu = entry.eta, entry.mu
    if not g.capturable then eta, mu = eta:item(), mu:item() end
    shrink[i], rates[i], weights[i] = 1 - g.lambd * eta, -eta, mu
  end
  torch._foreach_mul_(part.params, shrink)
  part:add_scaled(part.grads, rates)
  local away = torch._foreach_sub(part.params, average)
  torch._foreach_mul_(away, weights)
  torch._foreach_add_(average, away)
  for i, weight in ipairs(weights) do
    if weight == 1 then average[i]:copy_(part.params[i]) end -- exactly, not by way of a difference
  end
  plan(part, g, lr, steps)
end

return optimizer.class("ASGD", {
  { "lr", 1e-2 }, { "lambd", 1e-4 }, { "alpha", 0.75 }, { "t0", 1e6 }, { "weight_decay", 0 }, { "foreach" },
  { "maximize", false }, { "differentiable", false }, { "capturable", false },
}, ASGD)
