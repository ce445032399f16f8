--- Functions that PyTorch builds in Python: seeds, clipping, normalisation, sampling.
local torch = require "torch"
local rng = require "host.rng"

--- torch.manual_seed(n): restarts the generators of every device from n.
-- @usage torch.manual_seed(0)
torch.manual_seed = rng.manual_seed

--- torch.generator(seed, device): a generator of its own, for the keyword `generator` of random operators.
-- @usage torch.randn(2, { generator = torch.generator(1) })
torch.generator = rng.generator
torch.get_rng_state, torch.set_rng_state = rng.state, rng.set_state

--- torch.normalize(x, {p=2, dim=1, eps=1e-12}): rows of unit length.
-- @usage torch.normalize(torch.randn(4, 3))
function torch.normalize(x, options)
  options = options or {}
  local p, dim, eps = options.p or 2, options.dim or 1, options.eps or 1e-12
  return x / x:norm(p, { dim }, true):clamp_min(eps):expand_as(x)
end

--- Scales gradients in place so that their norm over all parameters is at most max_norm; returns the norm before.
-- @usage torch.clip_grad_norm_({ torch.ones(2, { requires_grad = true }) }, 1)
function torch.clip_grad_norm_(parameters, max_norm, norm_type)
  local grads = {}
  for _, p in ipairs(parameters) do if p.grad then grads[#grads + 1] = p.grad end end
  if #grads == 0 then return torch.zeros({}) end
  return torch.no_grad(function()
    local norms = torch._foreach_norm(grads, norm_type or 2)
    local total = torch.stack(norms):norm(norm_type or 2)
    local factor = (max_norm / (total + 1e-6)):clamp_max(1)
    torch._foreach_mul_(grads, factor)
    return total
  end)
end
