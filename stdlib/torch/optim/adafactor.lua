--- Adafactor (Shazeer and Stern 2018): the second moment of a matrix as a row and a column.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Adafactor = {}

function Adafactor.check(o, who)
  batch.check({ lr = o.lr, weight_decay = o.weight_decay }, who)
  batch.require(o.beta2_decay <= 0, who, "beta2_decay should be <= 0 but is", o.beta2_decay)
  local eps1, eps2 = o.eps[1], o.eps[2]
  batch.require(eps1 == nil or eps1 == torch.None or eps1 >= 0, who, "epsilon1 should be >= 0 but is", eps1)
  batch.require(eps2 >= 0, who, "epsilon2 should be >= 0 but is", eps2)
  batch.require(o.d >= 1, who, "Clipping threshold d should be >= 1 but is", o.d)
end

function Adafactor:start(parameter, g, grad)
  local state = { step = batch.zero_step(parameter, g) }
  if grad.ndim > 1 then
    state.row_var = torch.zeros_like(grad:narrow(-1, 0, 1):contiguous())
    state.col_var = torch.zeros_like(grad:narrow(-2, 0, 1):contiguous())
  else
    state.variance = torch.zeros_like(grad)
  end
  return state
end

-- Matrices and vectors apart.
function Adafactor.kind(grad) return grad.ndim > 1 and "matrix" or "vector" end

-- Mean of squares over one dim, without a tensor as large as the gradient.
local function mean_squares(grads, dim)
  local out = {}
  for i, grad in ipairs(grads) do
    out[i] = torch.linalg.vector_norm(grad, 2, dim, true):square_():div_(grad:size(dim))
  end
  return out
end

function Adafactor:update(part, g)
  local lr = batch.rate(g.lr)
  local eps1, eps2 = g.eps[1], g.eps[2]
  if eps1 == nil or eps1 == torch.None then eps1 = torch.finfo(part.dtype).eps end
  local steps = part:count()
  local forget = part.each(steps, function(t) return t ^ g.beta2_decay end)
  local sizes = torch._foreach_norm(part.params, 2)
  if g.weight_decay ~= 0 then torch._foreach_mul_(part.params, 1 - lr * g.weight_decay) end
  local update
  if part.states[1].variance then
    local variance = part:column "variance"
    torch._foreach_lerp_(variance, torch._foreach_mul(part.grads, part.grads), forget)
    update = torch._foreach_clamp_min(variance, eps1 * eps1)
  else
    local rows, columns = part:column "row_var", part:column "col_var"
    torch._foreach_lerp_(rows, mean_squares(part.grads, -1), forget)
    torch._foreach_lerp_(columns, mean_squares(part.grads, -2), forget)
    update = {}
    for i, row in ipairs(rows) do
      update[i] = row:matmul(columns[i]):div_(row:mean(-2, true):clamp_min_(eps1))
    end
    torch._foreach_clamp_min_(update, eps1 * eps1)
  end
  torch._foreach_rsqrt_(update)
  torch._foreach_mul_(update, part.grads)
  local norms, factors = torch._foreach_norm(update, 2), {}
  for i, x in ipairs(part.params) do
    local root = x:numel() ^ 0.5
    local rate = math.max(eps2, sizes[i]:item() / root) * math.min(lr, 1 / steps[i] ^ 0.5)
    factors[i] = -rate / math.max(1, norms[i]:item() / (root * g.d))
  end
  torch._foreach_mul_(update, factors)
  torch._foreach_add_(part.params, update)
end

return optimizer.class("Adafactor", {
  { "lr", 1e-2 }, { "beta2_decay", -0.8 }, { "eps", { torch.None, 1e-3 } }, { "d", 1.0 }, { "weight_decay", 0 },
  { "foreach" }, { "maximize", false },
}, Adafactor)
