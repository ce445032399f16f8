--- What Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) share: they differ in how weights decay.
local batch = require "torch.optim.batch"
local is_tensor = require "host.tensor".is_tensor

local Adaptive = { complex = true }

function Adaptive.check(o, who)
  if is_tensor(o.lr) then
    batch.require(not (o.foreach and not o.capturable), who,
      "lr as a Tensor is not supported for capturable=False and foreach=True")
  end
  batch.check(o, who)
  local first, second = is_tensor(o.betas[1]), is_tensor(o.betas[2])
  batch.require(first == second, who, "betas must be either both floats or both Tensors")
  for i, beta in ipairs(o.betas) do
    if is_tensor(beta) then
      batch.require(not (o.foreach and not o.capturable), who,
        ("betas[%d] as a Tensor is not supported for capturable=False and foreach=True"):format(i - 1))
      batch.require(beta:numel() == 1, who, ("Tensor betas[%d] must be 1-element"):format(i - 1))
    end
  end
end

function Adaptive:start(parameter, g)
  local state = { step = batch.zero_step(parameter, g), exp_avg = torch.zeros_like(parameter),
                  exp_avg_sq = torch.zeros_like(parameter) }
  if g.amsgrad then state.max_exp_avg_sq = torch.zeros_like(parameter) end
  return state
end

local function update_fused(self, part, g, beta1, beta2)
  local steps = part:column "step"
  torch._foreach_add_(steps, 1)
  local operator = g.decoupled_weight_decay and torch._fused_adamw_ or torch._fused_adam_
  operator(part.params, part.grads, part:column "exp_avg", part:column "exp_avg_sq",
    g.amsgrad and part:column "max_exp_avg_sq" or {}, steps, {
      lr = g.lr, beta1 = beta1, beta2 = beta2, weight_decay = g.weight_decay, eps = g.eps, amsgrad = g.amsgrad,
      maximize = g.maximize, grad_scale = self.grad_scale, found_inf = self.found_inf,
    })
  if self.found_inf then -- a step that was not made does not count
    local skipped = {}
    for i in ipairs(steps) do skipped[i] = self.found_inf end
    torch._foreach_sub_(steps, skipped)
  end
end

function Adaptive:update(part, g)
  local beta1, beta2 = batch.rate(g.betas[1]), batch.rate(g.betas[2])
  if part.fused then return update_fused(self, part, g, beta1, beta2) end
  local lr = batch.rate(g.lr, g.capturable)
  local steps = part:count(g.capturable)
  part:decay(g, lr)
  local mean, square = part:moments(beta1, beta2)
  if g.amsgrad then
    local largest = part:column "max_exp_avg_sq"
    torch._foreach_maximum_(largest, square)
    square = largest
  end
  local root = part.roots(square, g.eps, g, part.each(steps, function(t) return (1 - beta2 ^ t) ^ 0.5 end))
  part:add_quotient(mean, root, part.each(steps, function(t) return -lr / (1 - beta1 ^ t) end))
end

--- The methods of either, each class its own table.
return function(fused)
  local methods = { fused = fused }
  for key, value in pairs(Adaptive) do methods[key] = value end
  return methods
end
