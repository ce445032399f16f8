--- Losses as modules: functions of torch.nn.functional with their options kept, tensors among them as buffers.
local define = require "nn.define"

local losses = {}

-- Declares a loss of `inputs` tensors; of = the function's name. check sees the options.
local function loss(text, of, inputs, check)
  local name, list = text:match "^([%w_]+)%((.*)%)$"
  local keys = {}
  for part in list:gmatch "[^,]+" do
    local key = part:match "[%w_]+"
    if key then keys[#keys + 1] = key end
  end
  losses[name] = define.layer(text, {
    init = function(self, ...)
      local given, options = { ... }, {}
      for i, key in ipairs(keys) do options[key] = given[i] end
      if options.size_average ~= nil or options.reduce ~= nil then
        options.reduction = options.reduce == false and "none" or (options.size_average == false and "sum" or "mean")
      end
      options.size_average, options.reduce = nil, nil
      if check then check(options) end
      self.options = {}
      for _, key in ipairs(keys) do
        if key:match "weight$" then
          self:register_buffer(key, options[key])
        else
          self.options[key] = options[key]
        end
      end
      self.reduction = options.reduction
      self.weighted = text:find "[( ]weight=" and true or false
      self.positive = text:find "pos_weight=" and true or false
    end,
    forward = function(self, ...)
      local options = {}
      for key, value in pairs(self.options) do options[key] = value end
      if self.weighted then options.weight = self.weight end
      if self.positive then options.pos_weight = self.pos_weight end
      local given = { ... }
      for i = 1, inputs do
        if given[i] == nil then error(("%s: takes %d inputs, got %d"):format(name, inputs, i - 1), 0) end
      end
      given[inputs + 1] = options
      return require("nn.functional")[of](unpack(given, 1, inputs + 1))
    end,
  })
end

loss("L1Loss(size_average=nil, reduce=nil, reduction='mean')", "l1_loss", 2)
loss("MSELoss(size_average=nil, reduce=nil, reduction='mean')", "mse_loss", 2)
loss("SmoothL1Loss(size_average=nil, reduce=nil, reduction='mean', beta=1.0)", "smooth_l1_loss", 2)
loss("HuberLoss(reduction='mean', delta=1.0)", "huber_loss", 2)
loss("CrossEntropyLoss(weight=nil, size_average=nil, ignore_index=-100, reduce=nil, reduction='mean', label_smoothing=0.0)", "cross_entropy", 2)
loss("NLLLoss(weight=nil, size_average=nil, ignore_index=-100, reduce=nil, reduction='mean')", "nll_loss", 2)
loss("NLLLoss2d(weight=nil, size_average=nil, ignore_index=-100, reduce=nil, reduction='mean')", "nll_loss", 2)
loss("CTCLoss(blank=0, reduction='mean', zero_infinity=false)", "ctc_loss", 4)
loss("PoissonNLLLoss(log_input=true, full=false, size_average=nil, eps=1e-8, reduce=nil, reduction='mean')", "poisson_nll_loss", 2)
loss("GaussianNLLLoss(*, full=false, eps=1e-6, reduction='mean')", "gaussian_nll_loss", 3)
loss("KLDivLoss(size_average=nil, reduce=nil, reduction='mean', log_target=false)", "kl_div", 2)
loss("BCELoss(weight=nil, size_average=nil, reduce=nil, reduction='mean')", "binary_cross_entropy", 2)
loss("BCEWithLogitsLoss(weight=nil, size_average=nil, reduce=nil, reduction='mean', pos_weight=nil)", "binary_cross_entropy_with_logits", 2)
loss("MarginRankingLoss(margin=0.0, size_average=nil, reduce=nil, reduction='mean')", "margin_ranking_loss", 3)
loss("HingeEmbeddingLoss(margin=1.0, size_average=nil, reduce=nil, reduction='mean')", "hinge_embedding_loss", 2)
loss("MultiLabelMarginLoss(size_average=nil, reduce=nil, reduction='mean')", "multilabel_margin_loss", 2)
loss("SoftMarginLoss(size_average=nil, reduce=nil, reduction='mean')", "soft_margin_loss", 2)
loss("MultiLabelSoftMarginLoss(weight=nil, size_average=nil, reduce=nil, reduction='mean')", "multilabel_soft_margin_loss", 2)
loss("CosineEmbeddingLoss(margin=0.0, size_average=nil, reduce=nil, reduction='mean')", "cosine_embedding_loss", 3)
loss("MultiMarginLoss(p=1, margin=1.0, weight=nil, size_average=nil, reduce=nil, reduction='mean')", "multi_margin_loss", 2, function(o)
  if o.p ~= 1 and o.p ~= 2 then error(("MultiMarginLoss: only p == 1 and p == 2 are supported, got %s"):format(tostring(o.p)), 0) end
end)
loss("TripletMarginLoss(margin=1.0, p=2.0, eps=1e-6, swap=false, size_average=nil, reduce=nil, reduction='mean')", "triplet_margin_loss", 3,
  function(o)
    if not (o.margin > 0) then error(("TripletMarginLoss: margin must be greater than 0, got %g"):format(o.margin), 0) end
  end)

--- The distance may be a function or a module; a module is a part.
losses.TripletMarginWithDistanceLoss = define.layer(
  "TripletMarginWithDistanceLoss(*, distance_function=nil, margin=1.0, swap=false, reduction='mean')", {
    init = function(self, distance, margin, swap, reduction)
      if not (margin > 0) then error(("TripletMarginWithDistanceLoss: margin must be greater than 0, got %g"):format(margin), 0) end
      self.distance_function = distance or require("nn").PairwiseDistance()
      self.margin, self.swap, self.reduction = margin, swap, reduction
    end,
    forward = function(self, anchor, positive, negative)
      return require("nn.functional").triplet_margin_with_distance_loss(anchor, positive, negative, {
        distance_function = self.distance_function, margin = self.margin, swap = self.swap, reduction = self.reduction })
    end,
  })

--- A linear layer onto the classes and its cross entropy in one; out_features: dims of outputs beside the classes.
losses.LinearCrossEntropyLoss = define.layer("LinearCrossEntropyLoss(in_features, num_classes, *, out_features=nil, bias=false, device=nil, "
  .. "dtype=nil, reduction='mean', weight=nil, ignore_index=nil, label_smoothing=0.0, options=nil)", {
    init = function(self, in_features, num_classes, out_features, bias, device, dtype, reduction, weight, ignore_index, smoothing, options)
      if options ~= nil then error("LinearCrossEntropyLoss: options (computing in chunks) are not supported: leave them out", 0) end
      if weight and (weight.ndim ~= 1 or #weight ~= num_classes) then
        error(("LinearCrossEntropyLoss: expected weight shape to be [%d], got %s"):format(num_classes, tostring(weight.shape)), 0)
      end
      if not (smoothing >= 0 and smoothing <= 1) then
        error(("LinearCrossEntropyLoss: expected label_smoothing to be in [0, 1], got %g"):format(smoothing), 0)
      end
      self:register_buffer("weight", weight)
      self.num_classes, self.outputs, self.reduction = num_classes, out_features or {}, reduction
      self.ignore_index, self.label_smoothing = ignore_index, smoothing
      local width = num_classes
      for _, n in ipairs(self.outputs) do width = width * n end
      self.linear = require("nn").Linear(in_features, width, { bias = bias, device = device, dtype = dtype })
    end,
    forward = function(self, input, target)
      local shape = { self.num_classes, unpack(self.outputs) }
      local bias = self.linear.bias and self.linear.bias:reshape(shape)
      shape[#shape + 1] = self.linear.weight:size(1)
      return require("nn.functional").linear_cross_entropy(input, self.linear.weight:reshape(shape), target, { linear_bias = bias,
        weight = self.weight, reduction = self.reduction, ignore_index = self.ignore_index, label_smoothing = self.label_smoothing })
    end,
    extra_repr = function(self)
      local repr = define.repr
      return ("in_features=%d, num_classes=%d, out_features=%s, bias=%s, reduction=%s, ignore_index=%s, label_smoothing=%s, options=None"):format(
        self.linear.weight:size(1), self.num_classes, repr(self.outputs), repr(self.linear.bias ~= nil), self.reduction,
        repr(self.ignore_index), repr(self.label_smoothing, true))
    end,
  })

return losses
