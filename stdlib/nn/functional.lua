--- torch.nn.functional: PyTorch's functions of layers, in its order of arguments and with its keywords.
-- What ATen has under the same name and order is ATen's own operator; the rest is written here.
-- @usage local F = torch.nn.functional; local y = F.relu(F.linear(torch.ones(2, 3), torch.ones(4, 3)))
local torch = require "torch"
local signature = require "torch.signature"
local nearest = require "language.nearest"
local aten = torch.ops.aten

local F = {}

-- Names that ATen knows with PyTorch's arguments.
local same = [[conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc avg_pool1d avg_pool2d avg_pool3d linear bilinear
  gelu glu hardshrink softshrink softplus prelu tanh sigmoid rrelu_ elu_ selu_ celu_ pixel_shuffle pixel_unshuffle channel_shuffle
  native_channel_shuffle one_hot pdist pairwise_distance cosine_similarity pad group_norm layer_norm rms_norm]]
for name in same:gmatch "%S+" do F[name] = torch[name] end

require "nn.functional.activation"(F)
require "nn.functional.pool"(F)
require "nn.functional.loss"(F)
require "nn.functional.image"(F)
require "nn.functional.attention"(F)

--- Vectors of length 1 along dim.
F.normalize = signature("normalize(input, p=2.0, dim=1, eps=1e-12, out=nil)", function(input, p, dim, eps, out)
  local length = torch.norm(input, p, dim, true):clamp_min(eps):expand_as(input)
  if out then return torch.div(input, length, { out = out }) end
  return input / length
end)

F.batch_norm = signature("batch_norm(input, running_mean=nil, running_var=nil, weight=nil, bias=nil, training=false, momentum=0.1, eps=1e-5)",
  function(input, mean, var, weight, bias, training, momentum, eps)
    if training and input.ndim > 1 and input:numel() == input:size(1) then
      error(("batch_norm: expected more than 1 value per channel when training, got input of shape %s"):format(tostring(input.shape)), 0)
    end
    return aten.batch_norm(input, weight, bias, mean, var, training, momentum, eps, true)
  end)

F.instance_norm = signature("instance_norm(input, running_mean=nil, running_var=nil, weight=nil, bias=nil, use_input_stats=true, momentum=0.1, eps=1e-5)",
  function(input, mean, var, weight, bias, use_input_stats, momentum, eps)
    return aten.instance_norm(input, weight, bias, mean, var, use_input_stats, momentum, eps, true)
  end)

--- Divides by a power of the mean square over `size` neighbouring channels.
F.local_response_norm = signature("local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0)", function(input, size, alpha, beta, k)
  if input.ndim < 3 then error(("local_response_norm: takes 3 dims or more, got %d"):format(input.ndim), 0) end
  if input:numel() == 0 then return input end
  local before, after = math.floor(size / 2), math.floor((size - 1) / 2)
  local mean
  if input.ndim == 3 then
    mean = aten.avg_pool2d(aten.pad((input * input):unsqueeze(1), { 0, 0, before, after }), { size, 1 }, 1):squeeze(1)
  else
    local square = (input * input):view(#input, 1, input:size(1), input:size(2), -1)
    mean = aten.avg_pool3d(aten.pad(square, { 0, 0, 0, 0, before, after }), { size, 1, 1 }, 1):squeeze(1):view(input.shape)
  end
  return input / (mean * alpha + k):pow(beta)
end)

-- Rows that are looked up and longer than max_norm are scaled down in place.
local function renorm(weight, input, max_norm, norm_type)
  torch.no_grad(function() aten.embedding_renorm_(weight:detach(), input:contiguous(), max_norm, norm_type) end)
end

--- Rows of weight by index.
F.embedding = signature("embedding(input, weight, padding_idx=nil, max_norm=nil, norm_type=2.0, scale_grad_by_freq=false, sparse=false)",
  function(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    local rows = #weight
    if padding_idx and (padding_idx >= rows or padding_idx < -rows) then
      error(("embedding: padding_idx must lie in [%d, %d], got %d"):format(-rows, rows - 1, padding_idx), 0)
    end
    if padding_idx and padding_idx < 0 then padding_idx = rows + padding_idx end
    if max_norm then renorm(weight, input, max_norm, norm_type) end
    return aten.embedding(weight, input, padding_idx or -1, scale_grad_by_freq, sparse)
  end)

local bags = { sum = 0, mean = 1, max = 2 }
--- Sums, means or maxima of bags of rows: one bag a row of a 2-dim input, or from each offset of a 1-dim one.
F.embedding_bag = signature("embedding_bag(input, weight, offsets=nil, max_norm=nil, norm_type=2, scale_grad_by_freq=false, mode='mean', "
  .. "sparse=false, per_sample_weights=nil, include_last_offset=false, padding_idx=nil)",
  function(input, weight, offsets, max_norm, norm_type, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding_idx)
    local code = bags[mode] or error(("embedding_bag: mode must be 'sum', 'mean' or 'max', got '%s'%s"):format(tostring(mode),
      nearest.did_you_mean(tostring(mode), { "sum", "mean", "max" })), 0)
    if input.ndim == 2 then
      if offsets then error("embedding_bag: the rows of a 2-dim input are the bags; offsets go with a 1-dim input", 0) end
      offsets = torch.arange(0, input:numel(), input:size(1), { dtype = input.dtype, device = input.device })
      include_last_offset = false
      input = input:reshape(-1)
      per_sample_weights = per_sample_weights and per_sample_weights:reshape(-1)
    elseif input.ndim ~= 1 or not offsets then
      error("embedding_bag: takes a 2-dim input, or a 1-dim one with offsets", 0)
    end
    if per_sample_weights and mode ~= "sum" then error(("embedding_bag: per_sample_weights go with mode 'sum', not '%s'"):format(mode), 0) end
    if max_norm then renorm(weight, input, max_norm, norm_type) end
    local out = aten.embedding_bag(weight, input, offsets, scale_grad_by_freq, code, sparse, per_sample_weights, include_last_offset,
      padding_idx or torch.None)
    return out
  end)

return setmetatable(F, {
  __index = function(_, name)
    local names = {}
    for known in pairs(F) do names[#names + 1] = known end
    error(("torch.nn.functional has no function '%s'%s"):format(tostring(name), nearest.did_you_mean(tostring(name), names)), 2)
  end,
})
