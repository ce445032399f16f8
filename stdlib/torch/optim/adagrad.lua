--- Adagrad (Duchi, Hazan and Singer 2011).
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Adagrad = { sparse = true, complex = true, fused = "_fused_adagrad_" }

function Adagrad.check(o, who)
  batch.check(o, who)
  batch.require(o.lr_decay >= 0, who, "Invalid lr_decay value", o.lr_decay)
  batch.require(o.initial_accumulator_value >= 0, who,
    "Invalid initial_accumulator_value value", o.initial_accumulator_value)
end

function Adagrad:start(parameter, g)
  return { step = batch.zero_step(parameter, g), sum = batch.filled(parameter, g.initial_accumulator_value) }
end

-- PyTorch's Adagrad has its state from the start, not from the first gradient on.
function Adagrad:joined(g)
  for _, parameter in ipairs(g.params) do
    rawset(self.state, parameter, keep(torch.no_grad(function() return self:start(parameter, g) end)))
  end
end

local function like(x, indices, values)
  return torch.sparse_coo_tensor(indices, values, x.shape, { is_coalesced = true })
end

-- Only the rows that the gradient names.
local function update_sparse(part, g, rates)
  local sums = part:column "sum"
  for i, grad in ipairs(part.grads) do
    grad = grad:coalesce()
    local indices, values = grad:_indices(), grad:_values()
    sums[i]:add_(like(grad, indices, values:pow(2)))
    local root = sums[i]:sparse_mask(grad):_values():sqrt_():add_(g.eps)
    part.params[i]:add_(like(grad, indices, values / root), { alpha = rates[i] })
  end
end

function Adagrad:update(part, g)
  if part.fused then
    local steps = part:column "step"
    torch._foreach_add_(steps, 1)
    torch._fused_adagrad_(part.params, part.grads, part:column "sum", steps, {
      lr = g.lr, lr_decay = g.lr_decay, weight_decay = g.weight_decay, eps = g.eps, maximize = g.maximize,
      grad_scale = self.grad_scale, found_inf = self.found_inf,
    })
    if self.found_inf then
      for _, step in ipairs(steps) do step:sub_(self.found_inf:to(step.device)) end
    end
    return
  end
  local lr = batch.rate(g.lr)
  local steps = part:count()
  part:penalise(g.weight_decay)
  local rates = part.each(steps, function(t) return -lr / (1 + (t - 1) * g.lr_decay) end)
  if part.sparse then return update_sparse(part, g, rates) end
  local sums = part:column "sum"
  torch._foreach_addcmul_(sums, part.grads, part.grads)
  part:add_quotient(part.grads, part.roots(sums, g.eps, g), rates)
end

return optimizer.class("Adagrad", {
  { "lr", 1e-2 }, { "lr_decay", 0 }, { "weight_decay", 0 }, { "initial_accumulator_value", 0 }, { "eps", 1e-10 },
  { "foreach" }, { "maximize", false }, { "differentiable", false }, { "fused" },
}, Adagrad)
