--- Functions that PyTorch builds in Python: seeds, clipping, sampling, dtypes as functions.
local torch = require "torch"
local signature = require "torch.signature"
local rng = require "host.rng"

--- torch.manual_seed(n): restarts the generators of every device from n.
-- @usage torch.manual_seed(0)
torch.manual_seed = rng.manual_seed

--- torch.seed(): restarts the generators from the time; returns the number.
-- @usage torch.seed()
function torch.seed()
  local number = math.floor(require "host.system".time() * 1e6) % 2 ^ 53
  torch.manual_seed(number)
  return number
end

--- torch.generator(seed, device): a generator of its own, for the keyword `generator` of random operators.
-- @usage torch.randn(2, { generator = torch.generator(1) })
torch.generator = rng.generator
torch.get_rng_state, torch.set_rng_state, torch.initial_seed = rng.state, rng.set_state, rng.initial_seed

--- torch.normalize(x, {p=2, dim=1, eps=1e-12}): rows of unit length; torch.nn.functional.normalize.
-- @usage torch.normalize(torch.randn(4, 3))
torch.normalize = signature("normalize(input, p=2.0, dim=1, eps=1e-12, out=nil)", function(...)
  return require "nn.functional".normalize(...)
end)

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

-- torch.float(x) and so on: the methods of tensors under torch, as PyTorch's references have them.
for _, word in ipairs { "float", "double", "half", "bfloat16", "long", "int", "short", "char", "byte", "bool", "cfloat", "cdouble", "chalf" } do
  torch[word] = function(x, ...) return x[word](x, ...) end
end

--- torch.as_tensor(data, {dtype=, device=}), torch.asarray: a tensor of the data, or the tensor itself where nothing
-- changes.
-- @usage torch.as_tensor({ 1, 2, 3 })
function torch.as_tensor(data, options)
  options = options or {}
  if not torch.is_tensor(data) then return torch.tensor(data, options) end
  if not options.dtype and not options.device then return data end
  return data:to { dtype = options.dtype, device = options.device }
end
torch.asarray = torch.as_tensor
