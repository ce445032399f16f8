--- Losses of torch.nn.functional. Each takes `reduction` ("mean", "sum", "none") and PyTorch's older size_average, reduce.
local torch = require "torch"
local signature = require "torch.signature"
local nearest = require "language.nearest"
local aten = torch.ops.aten

local reductions = { none = true, mean = true, sum = true }

local function checked(reduction, who)
  if reductions[reduction] then return reduction end
  error(("%s: reduction must be 'none', 'mean' or 'sum', got '%s'%s"):format(who, tostring(reduction),
    nearest.did_you_mean(tostring(reduction), { "none", "mean", "sum" })), 0)
end

local function reduce(loss, reduction)
  if reduction == "mean" then return loss:mean() end
  if reduction == "sum" then return loss:sum() end
  return loss
end

return function(F)
  -- Declares a loss. The body gets its arguments in order, without size_average and reduce, the reduction checked.
  local function loss(text, body)
    local name, list = text:match "^(.-)%((.*)%)$"
    local keys, old = {}, {}
    for part in list:gmatch "[^,]+" do
      local key = part:match "[%w_]+"
      if key then keys[#keys + 1] = key end
    end
    local place
    for i, key in ipairs(keys) do
      if key == "size_average" or key == "reduce" then old[key] = i end
      if key == "reduction" then place = i end
    end
    F[name] = signature(text, function(...)
      local values, n = { ... }, #keys
      local average, each = values[old.size_average], values[old.reduce]
      if average ~= nil or each ~= nil then
        values[place] = each == false and "none" or (average == false and "sum" or "mean")
      end
      if values[place] ~= "batchmean" or name ~= "kl_div" then checked(values[place], name) end
      local kept, m = {}, 0
      for i = 1, n do
        if i ~= old.size_average and i ~= old.reduce then
          m = m + 1
          kept[m] = values[i]
        end
      end
      return body(unpack(kept, 1, m))
    end)
  end

  --- Targets are class ids or a distribution over classes.
  loss("cross_entropy(input, target, weight=nil, size_average=nil, ignore_index=-100, reduce=nil, reduction='mean', label_smoothing=0.0)",
    function(input, target, weight, ignore_index, reduction, label_smoothing)
      return aten.cross_entropy_loss(input, target, weight, reduction, ignore_index, label_smoothing)
    end)
  loss("nll_loss(input, target, weight=nil, size_average=nil, ignore_index=-100, reduce=nil, reduction='mean')",
    function(input, target, weight, ignore_index, reduction) return aten.nll_loss_nd(input, target, weight, reduction, ignore_index) end)

  --- cross_entropy of input times linear_weight transposed plus linear_bias; the weight may carry output dims (C, K..., D).
  F.linear_cross_entropy = signature("linear_cross_entropy(input, linear_weight, target, *, linear_bias=nil, weight=nil, "
    .. "reduction='mean', ignore_index=nil, label_smoothing=0.0)",
    function(input, linear_weight, target, linear_bias, weight, reduction, ignore_index, label_smoothing)
      local shape = {}
      for i = 1, input.ndim - 1 do shape[i] = input.shape[i] end
      for i = 1, linear_weight.ndim - 1 do shape[#shape + 1] = linear_weight.shape[i] end
      local rows = linear_weight:reshape(-1, linear_weight:size(-1))
      local logits = aten.linear(input, rows, linear_bias and linear_bias:reshape(-1)):reshape(shape)
      return aten.cross_entropy_loss(logits, target, weight, checked(reduction, "linear_cross_entropy"), ignore_index or -100, label_smoothing)
    end)

  loss("binary_cross_entropy(input, target, weight=nil, size_average=nil, reduce=nil, reduction='mean')",
    function(input, target, weight, reduction)
      if target.shape ~= input.shape then
        error(("binary_cross_entropy: target %s must have input's shape %s"):format(tostring(target.shape), tostring(input.shape)), 0)
      end
      return aten.binary_cross_entropy(input, target, weight and weight:expand(torch.broadcast_shapes(weight.shape, target.shape)), reduction)
    end)
  loss("binary_cross_entropy_with_logits(input, target, weight=nil, size_average=nil, reduce=nil, reduction='mean', pos_weight=nil)",
    function(input, target, weight, reduction, pos_weight)
      return aten.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)
    end)

  loss("l1_loss(input, target, size_average=nil, reduce=nil, reduction='mean', weight=nil)", function(input, target, reduction, weight)
    input, target = unpack(torch.broadcast_tensors(input, target))
    if not weight then return aten.l1_loss(input, target, reduction) end
    local each = (input - target):abs() * weight
    return reduction == "mean" and each:sum() / weight:sum() or reduce(each, reduction)
  end)
  loss("mse_loss(input, target, size_average=nil, reduce=nil, reduction='mean', weight=nil)", function(input, target, reduction, weight)
    input, target = unpack(torch.broadcast_tensors(input, target))
    if not weight then return aten.mse_loss(input, target, reduction) end
    local each = (input - target):pow(2) * weight
    return reduction == "mean" and each:sum() / weight:sum() or reduce(each, reduction)
  end)
  loss("smooth_l1_loss(input, target, size_average=nil, reduce=nil, reduction='mean', beta=1.0)", function(input, target, reduction, beta)
    input, target = unpack(torch.broadcast_tensors(input, target))
    if beta == 0 then return aten.l1_loss(input, target, reduction) end
    return aten.smooth_l1_loss(input, target, reduction, beta)
  end)
  loss("huber_loss(input, target, reduction='mean', delta=1.0, weight=nil)", function(input, target, reduction, delta, weight)
    input, target = unpack(torch.broadcast_tensors(input, target))
    if not weight then return aten.huber_loss(input, target, reduction, delta) end
    return reduce(aten.huber_loss(input, target, "none", delta) * weight, reduction)
  end)

  --- Divergence of target from input, which are log probabilities; "batchmean" divides the sum by the batch size.
  loss("kl_div(input, target, size_average=nil, reduce=nil, reduction='mean', log_target=false)", function(input, target, reduction, log_target)
    if reduction ~= "batchmean" then return aten.kl_div(input, target, reduction, { log_target = log_target }) end
    local sum = aten.kl_div(input, target, "sum", { log_target = log_target })
    return input.ndim > 0 and sum / #input or sum
  end)
  loss("poisson_nll_loss(input, target, log_input=true, full=false, size_average=nil, eps=1e-8, reduce=nil, reduction='mean')",
    function(input, target, log_input, full, eps, reduction) return aten.poisson_nll_loss(input, target, log_input, full, eps, reduction) end)
  loss("gaussian_nll_loss(input, target, var, full=false, eps=1e-6, reduction='mean')", function(input, target, var, full, eps, reduction)
    if type(var) == "number" then var = torch.full_like(input, var) end
    if var:lt(0):any():item() then error("gaussian_nll_loss: var has negative entries", 0) end
    if var.ndim == input.ndim - 1 then var = var:unsqueeze(-1) end
    var = var:clone() -- below eps the gradient of var stays, as in PyTorch
    torch.no_grad(function() var:clamp_(eps) end)
    local each = (var:log() + (input - target) ^ 2 / var) * 0.5
    if full then each = each + 0.5 * math.log(2 * math.pi) end
    return reduce(each, reduction)
  end)

  loss("margin_ranking_loss(input1, input2, target, margin=0, size_average=nil, reduce=nil, reduction='mean')", aten.margin_ranking_loss)
  loss("hinge_embedding_loss(input, target, margin=1.0, size_average=nil, reduce=nil, reduction='mean')", aten.hinge_embedding_loss)
  loss("cosine_embedding_loss(input1, input2, target, margin=0, size_average=nil, reduce=nil, reduction='mean')", aten.cosine_embedding_loss)
  loss("multilabel_margin_loss(input, target, size_average=nil, reduce=nil, reduction='mean')", aten.multilabel_margin_loss)
  loss("soft_margin_loss(input, target, size_average=nil, reduce=nil, reduction='mean')", aten.soft_margin_loss)
  loss("multi_margin_loss(input, target, p=1, margin=1.0, weight=nil, size_average=nil, reduce=nil, reduction='mean')", aten.multi_margin_loss)
  loss("triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=false, size_average=nil, reduce=nil, reduction='mean')",
    function(anchor, positive, negative, margin, ...)
      if margin <= 0 then error(("triplet_margin_loss: margin must be greater than 0, got %g"):format(margin), 0) end
      return aten.triplet_margin_loss(anchor, positive, negative, margin, ...)
    end)
  loss("multilabel_soft_margin_loss(input, target, weight=nil, size_average=nil, reduce=nil, reduction='mean')",
    function(input, target, weight, reduction)
      local each = -(target * aten.log_sigmoid(input) + (1 - target) * aten.log_sigmoid(-input))
      if weight then each = each * weight end
      return reduce(each:sum(-1) / input:size(-1), reduction)
    end)

  --- triplet_margin_loss with a distance of one's own: distance_function(a, b) -> one number a row.
  F.triplet_margin_with_distance_loss = signature("triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=nil, "
    .. "margin=1.0, swap=false, reduction='mean')", function(anchor, positive, negative, distance, margin, swap, reduction)
    distance = distance or aten.pairwise_distance
    if not (margin > 0) then error(("triplet_margin_with_distance_loss: margin must be positive, got %g"):format(margin), 3) end
    local near, far = distance(anchor, positive), distance(anchor, negative)
    if swap then far = aten.minimum(far, distance(positive, negative)) end
    return reduce((near - far + margin):clamp_min(0), checked(reduction, "triplet_margin_with_distance_loss"))
  end)

  F.ctc_loss = signature("ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', zero_infinity=false)",
    function(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)
      return aten.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, checked(reduction, "ctc_loss"), zero_infinity)
    end)
end
