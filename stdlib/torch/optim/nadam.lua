--- NAdam: Adam with Nesterov's momentum (Dozat 2016).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local NAdam = { complex = true }

function NAdam.check(o, who)
  batch.check(o, who)
  batch.require(o.momentum_decay >= 0, who, "Invalid momentum_decay value", o.momentum_decay)
end

function NAdam:start(parameter, g)
  local step = batch.zero_step(parameter, g)
  return { step = step, mu_product = torch.ones_like(step), exp_avg = torch.zeros_like(parameter),
           exp_avg_sq = torch.zeros_like(parameter) }
end

function NAdam:update(part, g)
  local beta1, beta2 = g.betas[1], g.betas[2]
  local lr = batch.rate(g.lr, g.capturable)
  local steps = part:count(g.capturable)
  part:decay(g, lr)
  local function momentum(t) return beta1 * (1 - 0.5 * 0.96 ^ (t * g.momentum_decay)) end
  local now = part.each(steps, momentum)
  local next = part.each(steps, function(t) return momentum(t + 1) end)
  local products, states = {}, part.states
  torch._foreach_mul_(part:column "mu_product", now)
  for i, entry in ipairs(states) do products[i] = g.capturable and entry.mu_product or entry.mu_product:item() end
  local mean, square = part:moments(beta1, beta2)
  local root = part.roots(square, g.eps, g, part.each(steps, function(t) return (1 - beta2 ^ t) ^ 0.5 end))
  local of_grad, of_mean = {}, {}
  for i, product in ipairs(products) do
    of_grad[i] = -lr * (1 - now[i]) / (1 - product)
    of_mean[i] = -lr * next[i] / (1 - product * next[i])
  end
  part:add_quotient(part.grads, root, of_grad)
  part:add_quotient(mean, root, of_mean)
end

return optimizer.class("NAdam", {
  { "lr", 2e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "weight_decay", 0 }, { "momentum_decay", 4e-3 },
  { "decoupled_weight_decay", false }, { "foreach" }, { "maximize", false }, { "capturable", false },
  { "differentiable", false },
}, NAdam)
