--- Batch norms taken into the layer before them, for inference.
local torch = require "torch"
local host = require "host.module"
local copy = require "nn.copy"
local parameter = require "nn.parameter"

local fuse = {}

--- nn.utils.fuse_conv_bn_weights(w, b, mean, var, eps, gamma, beta, transpose=false): weight and bias of a convolution
-- that computes the norm too; b, gamma, beta may be nil.
function fuse.fuse_conv_bn_weights(w, b, mean, var, eps, gamma, beta, transpose)
  return torch.no_grad(function()
    local scale = (var + eps):rsqrt()
    if gamma then scale = gamma * scale end
    local shape = {}
    for d = 1, w.ndim do shape[d] = 1 end
    shape[transpose and 2 or 1] = -1
    local bias = ((b or torch.zeros_like(mean)) - mean) * scale
    if beta then bias = bias + beta end
    return parameter((w * scale:reshape(shape)):to(w.dtype), w.requires_grad),
      parameter(bias:to((b or w).dtype), (b or w).requires_grad)
  end)
end

local function fused(layer, bn, transpose, who)
  if layer.training or bn.training then error(who .. ": both must be in evaluation mode (call eval first)", 3) end
  if not bn.running_mean then error(who .. ": the norm keeps no running statistics", 3) end
  local eps = host.options(bn) and host.options(bn).eps or 1e-5
  local new = copy(layer)
  local w, b = fuse.fuse_conv_bn_weights(layer.weight, layer.bias, bn.running_mean, bn.running_var, eps, bn.weight,
    bn.bias, transpose)
  host.set_entry(new, "weight", w, "parameter")
  host.set_entry(new, "bias", b, "parameter")
  return new
end

--- nn.utils.fuse_conv_bn_eval(conv, bn, transpose=false): a convolution equal to bn(conv(x)) in evaluation mode.
function fuse.fuse_conv_bn_eval(conv, bn, transpose) return fused(conv, bn, transpose, "fuse_conv_bn_eval") end
--- nn.utils.fuse_linear_bn_eval(linear, bn): likewise for a linear layer.
function fuse.fuse_linear_bn_eval(linear, bn) return fused(linear, bn, false, "fuse_linear_bn_eval") end

return fuse
