local evaluated = require "evaluated"
local factors = require "sample_factors"
local host = require "host.adaptive"
local schema = require "schema"
local Linear = require "nn.linear"

local Lwal = {}
Lwal.__index = Lwal
Lwal.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> z [B, d]
function Lwal:forward(features) return self.module(features) end

--- Minus the distances to the labels, float [B, K]: what a softmax makes probabilities of.
function Lwal:logits(z) return host.label_logits(z, self.module.labels) end

-- Are the labels updated at this batch? `true`, or bool [] on the device where that hangs on the number of batches so
-- far: step i updates where i > w and (i - w - 1) mod k = 0. A batch that comes again (the second pass of a balance, a
-- second look of LBFGS) is the same step.
local function due(self, target)
  local steps = self.module.steps
  if target.pass ~= 2 and self.seen[1] ~= target then
    self.seen[1] = target
    steps:add_(1)
  end
  if self.every == 1 and self.warmup == 0 then return true end
  local since = steps - (self.warmup + 1)
  return since:ge(0):logical_and(since:remainder(self.every):eq(0))
end

-- The labels of this batch: the means of its classes where they are due, with or without a way for gradients through
-- them, and the old ones else. What is kept is without a history.
local function adapted(self, z, target, w, when)
  local kept = self.module.labels
  local sums, counts = host.class_sums(z, target.y, target.t, w, self.classes)
  if self.reduce then sums, counts = self.reduce(sums, counts) end
  local labels = host.class_means(sums, counts, kept)
  if when ~= true then labels = torch.where(when, labels, kept:to(labels.dtype)) end
  local before = self.old and kept:clone()
  torch.no_grad(function() kept:copy_(labels) end)
  return before or self.through and labels or labels:detach()
end

local function cross_entropy(self, logits, target, w)
  return self.ce(logits, { y = w and target.y and target.y:masked_fill(w:eq(0), 0) or target.y, t = target.t, w = w,
                           ignore = target.ignore })
end

--- Named loss terms for outputs z [B, d] and a target { y or t, w, ignore }: ce, the cross entropy of
-- softmax(-distance), where the head has them repel and l2. While training it updates the labels. `criterion` stands in
-- for cross entropy; it is given minus the distances. Soft labels t share a sample among the means of its classes.
function Lwal:losses(z, target, criterion)
  if target.y and target.y.ndim ~= 1 then
    error("head.lwal: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  local w = factors(target, torch.promote_types(z.dtype, "float32"))
  if w then z = z:masked_fill(w:eq(0):unsqueeze(1), 0) end -- what is ignored may hold nan, and have no label
  local when = self.module.training and due(self, target)
  local labels = when and adapted(self, z, target, w, when) or self.module.labels:clone()
  local logits = host.label_logits(z, labels)
  local terms = { { name = "ce", value = criterion and criterion(logits, target)
    or cross_entropy(self, logits, target, w) } }
  if self.repel > 0 then
    local value = host.repel(z, target.y, target.t, w, self.classes, self.repel_reduction) * self.repel
    if when and when ~= true then value = torch.where(when, value, torch.zeros_like(value)) end
    terms[#terms + 1] = { name = "repel", value = value }
  end
  if self.l2 > 0 then
    terms[#terms + 1] = { name = "l2", value = self.module.weight:square():sum() * self.l2 }
  end
  return terms
end

--- The steps of warm-up and of `update_every` are counted anew where they count by epochs.
function Lwal:begin_epoch()
  if self.by_epoch then self.module.steps:zero_() end
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Lwal:ideal(y) return self.module.labels:index_select(0, y) end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Lwal:evaluate(numbers) self.others = evaluated.others(numbers, self.classes) end

--- { y = long[B] the class of the nearest label, scores = float[B, K] softmax of minus the distances }
function Lwal:predict(z)
  local logits = evaluated.among(self:logits(z), self.others)
  return { y = logits:argmax(1), scores = logits:softmax(1) }
end

--- The labels as they are now, float [K, d].
function Lwal:label_vectors() return self.module.labels:detach() end

-- What is taken where an option is absent, by preset.
local usual = { loss_labels = "new", warmup_counts = "run", repel_reduction = "mean_all", l2 = 0, label_smoothing = 0 }
local presets = {
  authors = { loss_labels = "new", warmup_counts = "run", repel_reduction = "mean_all", l2 = 0,
              label_smoothing = 1e-6 },
  paper = { loss_labels = "old", warmup_counts = "epoch", repel_reduction = "sum", l2 = 0.1, label_smoothing = 0 },
}

--- Learning with adaptive labels (LwAL): a class's label is the mean of the network's outputs for it in the batch, and
-- the network learns softmax(-distance to the labels) by cross entropy, so that labels and outputs find each other.
-- Labels begin one-hot, padded with zeros; a class that a batch lacks keeps the one it had. `repel` > 0 adds at each
-- update the mean cosine between outputs of different classes (loss.repel).
--
-- On an update the loss takes the new labels, with gradients through the means; warm-up is counted once; nothing is
-- decayed. preset "authors" is that and their label smoothing of 1e-6. "paper" follows the printed listing: the loss
-- comes before the update, the counting restarts in each epoch, the layer is decayed by 0.1 and the repulsion is a sum,
-- B^2 times as strong for the same factor. Options that are given win over the preset. With `update_every = k` step i
-- updates where i > w and (i - w - 1) mod k = 0, i from 1; steps are batches.
--
-- Where a batch is spread over ranks, head.reduce = function(sums, counts) -> sums, counts adds them up: float [K, d]
-- and [K] of one rank become those of all.
-- @usage head.lwal { dim = 100, repel = 10 }
return schema.declare("head.lwal", {
  { "preset", "one of authors|paper", schema.optional, "sets loss_labels, warmup_counts, repel_reduction, "
    .. "label_smoothing and l2 where they are not given" },
  { "dim", "integer > 0", schema.optional, "length of a label; the number of classes where absent" },
  { "update_every", "integer > 0", 1, "k: labels are updated every k batches" },
  { "warmup_steps", "integer >= 0", 0, "w: batches before the first update" },
  { "warmup_counts", "one of run|epoch", schema.optional, "are batches counted once (run), or anew in each epoch?" },
  { "loss_labels", "one of new|old", schema.optional, "which labels the loss of an update takes; new where absent" },
  { "through", "boolean", true, "gradients go through the new labels into the outputs they are means of" },
  { "repel", "number >= 0", 0.0, "factor on the repulsion; 10 in the paper's '+rpl'" },
  { "repel_reduction", "one of mean_all|mean_pairs|sum", schema.optional,
    "how its pairs become one number; mean_all where absent" },
  { "label_smoothing", "number in [0, 1]", schema.optional, "share of the target spread evenly over all classes" },
  { "l2", "number >= 0", schema.optional, "factor on the squared weights of the layer" },
}, function(o, context)
  local preset = presets[o.preset] or usual
  local function chosen(name)
    if o[name] ~= nil then return o[name] end
    return preset[name]
  end
  local classes, dim = context.classes, o.dim or context.classes
  local module = Linear(context.features, dim)
  module:register_buffer("labels", torch.eye(classes, dim))
  module:register_buffer("steps", torch.zeros({}, { dtype = "int64" }))
  local self = setmetatable({
    module = module, classes = classes, loss = "ce", names = { "ce" }, every = o.update_every, warmup = o.warmup_steps,
    by_epoch = chosen "warmup_counts" == "epoch", old = chosen "loss_labels" == "old", through = o.through,
    repel = o.repel, repel_reduction = chosen "repel_reduction", l2 = chosen "l2",
    ce = require "loss.ce" { label_smoothing = chosen "label_smoothing" }:build(context),
    seen = setmetatable({}, { __mode = "v" }),
  }, Lwal)
  if self.repel > 0 then self.names[#self.names + 1] = "repel" end
  if self.l2 > 0 then self.names[#self.names + 1] = "l2" end
  return self
end)
