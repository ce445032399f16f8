--- Muon: momentum whose matrices are made orthogonal by Newton-Schulz iterations (Jordan et al. 2024). For the matrices
-- of hidden layers; biases, embeddings and heads take another optimizer.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local Muon = {}

local adjustments = { original = true, match_rms_adamw = true }

function Muon.check(o, who)
  batch.check({ lr = o.lr }, who)
  batch.require(o.momentum >= 0, who, "momentum should be >= 0 but is", o.momentum)
  batch.require(o.weight_decay >= 0, who, "weight decay should be >= 0 but is", o.weight_decay)
  batch.require(o.adjust_lr_fn == nil or adjustments[o.adjust_lr_fn], who,
    ("Adjust learning rate function %s is not supported"):format(tostring(o.adjust_lr_fn)))
  batch.require(#o.ns_coefficients == 3, who, "Coefficients must be a tuple of exactly 3 values")
  batch.require(o.ns_steps < 100, who, "ns_steps must be less than 100 for computational efficiency")
end

function Muon:joined(g)
  for _, parameter in ipairs(g.params) do
    batch.require(parameter.ndim == 2, self.name,
      "Muon only supports 2D parameters whereas we found a parameter with size: " .. tostring(parameter.shape))
  end
end

function Muon:start(_, _, grad) return { momentum_buffer = torch.zeros_like(grad) } end

-- The nearest matrix with singular values about 1, computed in bfloat16.
local function orthogonal(x, g)
  local a, b, c = unpack(g.ns_coefficients)
  local tall = x:size(0) > x:size(1)
  x = x:to "bfloat16"
  if tall then x = x:t() end
  x = x:div(x:norm():clamp_min(g.eps))
  for _ = 1, g.ns_steps do
    local gram = x:matmul(x:t())
    x = torch.addmm(x, torch.addmm(gram, gram, gram, { beta = b, alpha = c }), x, { beta = a })
  end
  return tall and x:t() or x
end

local function adjusted(lr, x, how)
  local rows, columns = x:size(0), x:size(1)
  if how == "match_rms_adamw" then return lr * 0.2 * math.sqrt(math.max(rows, columns)) end
  return lr * math.sqrt(math.max(1, rows / columns))
end

function Muon:update(part, g)
  local lr = batch.rate(g.lr)
  local buffers = part:column "momentum_buffer"
  torch._foreach_lerp_(buffers, part.grads, 1 - g.momentum)
  local update = g.nesterov and torch._foreach_lerp(part.grads, buffers, g.momentum) or buffers
  torch._foreach_mul_(part.params, 1 - lr * g.weight_decay)
  for i, x in ipairs(part.params) do
    x:add_(orthogonal(update[i], g), { alpha = -adjusted(lr, x, g.adjust_lr_fn) })
  end
end

return optimizer.class("Muon", {
  { "lr", 1e-3 }, { "weight_decay", 0.1 }, { "momentum", 0.95 }, { "nesterov", true },
  { "ns_coefficients", { 3.4445, -4.7750, 2.0315 } }, { "eps", 1e-7 }, { "ns_steps", 5 }, { "adjust_lr_fn" },
}, Muon)
