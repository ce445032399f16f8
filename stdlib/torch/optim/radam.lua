--- RAdam: Adam whose adaptive rate is rectified while its variance is large (Liu et al. 2020).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"
local is_tensor = require "host.tensor".is_tensor

local RAdam = { complex = true, check = batch.check }

function RAdam:start(parameter, g)
  return { step = batch.zero_step(parameter, g), exp_avg = torch.zeros_like(parameter),
    exp_avg_sq = torch.zeros_like(parameter) }
end

-- The factors of mean / (root of square) and of mean alone at step t: one of them is 0 (Liu et al., algorithm 2).
local function factors(t, lr, beta1, beta2)
  local longest = 2 / (1 - beta2) - 1
  local correction1, correction2 = 1 - beta1 ^ t, 1 - beta2 ^ t
  local length = longest - 2 * t * beta2 ^ t / correction2
  local rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
  if is_tensor(t) then
    local long = length:gt(5)
    return torch.where(long, -lr * rectified:clamp_min(0) ^ 0.5 * correction2 ^ 0.5 / correction1, 0),
      torch.where(long, 0, -lr / correction1)
  end
  if length > 5 then return -lr * rectified ^ 0.5 * correction2 ^ 0.5 / correction1, 0 end
  return 0, -lr / correction1
end

function RAdam:update(part, g)
  local beta1, beta2 = g.betas[1], g.betas[2]
  local lr = batch.rate(g.lr, g.capturable)
  local steps = part:count(g.capturable)
  part:decay(g, lr)
  local mean, square = part:moments(beta1, beta2)
  local adapted, plain, any_adapted, any_plain = {}, {}, false, false
  for i, t in ipairs(steps) do
    adapted[i], plain[i] = factors(t, lr, beta1, beta2)
    any_adapted, any_plain = any_adapted or adapted[i] ~= 0, any_plain or plain[i] ~= 0
  end
  if any_adapted then
    part:add_quotient(mean, part.roots(square, g.eps, g), adapted)
  end
  if any_plain then part:add_scaled(mean, plain) end
end

return optimizer.class("RAdam", {
  { "lr", 1e-3 }, { "betas", { 0.9, 0.999 } }, { "eps", 1e-8 }, { "weight_decay", 0 },
  { "decoupled_weight_decay", false }, { "foreach" }, { "maximize", false }, { "capturable", false },
  { "differentiable", false },
}, RAdam)
