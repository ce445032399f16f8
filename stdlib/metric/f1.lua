local label_rows = require "label_rows"
local schema = require "schema"

local F1 = {}
F1.__index = F1

function F1:reset()
  self.counts, self.sums = nil, nil
end

-- How many classes there are: said when it was built, else as many as the numbers that occur.
local function width(self, y, prediction, several)
  if self.classes then return self.classes end
  if several and prediction.set then return prediction.set:size(1) end
  return math.max(y:max():item(), prediction.y:max():item(), 0) + 1
end

-- Counts of a class: true positives, predicted, true.
local function grown(counts, n, device)
  if counts and counts:size(1) >= n then return counts end
  local wider = torch.zeros(3, n, { dtype = "float64", device = device })
  if counts then wider:narrow(1, 0, counts:size(1)):copy_(counts) end
  return keep(wider)
end

--- Samples with one label are judged by the predicted class, samples with several (y [B, K]) by the predicted set.
function F1:add(prediction, batch)
  local y = batch.y
  local several = y.ndim == 2
  local n = width(self, y, prediction, several)
  local truth = label_rows.indicator(y, n)
  local guess = several and prediction.set or label_rows.indicator(prediction.y, n)
  local both = truth:logical_and(guess)
  self.counts = grown(self.counts, n, y.device)
  local counts = self.counts:narrow(1, 0, n)
  counts[0]:add_(both:sum(0))
  counts[1]:add_(guess:sum(0))
  counts[2]:add_(truth:sum(0))
  local each = both:sum(1):double() * 2 / (truth:sum(1) + guess:sum(1)):double():clamp_min(1)
  if not self.sums then self.sums = keep(torch.zeros(2, { dtype = "float64", device = y.device })) end
  self.sums[0]:add_(each:sum())
  self.sums[1]:add_(each:size(0))
  self.evaluated = prediction.classes
end

local values = {}

function values.micro(self)
  local total = self.counts:sum(1):totable()
  return total[2] + total[3] == 0 and 0 or 2 * total[1] / (total[2] + total[3])
end

function values.macro(self)
  local either = self.counts[1] + self.counts[2]
  local each = self.counts[0] * 2 / either:clamp_min(1)
  if self.over == "seen" then
    local seen = either:gt(0):sum():item()
    return seen == 0 and 0 or each:sum():item() / seen
  end
  return each:sum():item() / (self.evaluated and self.evaluated:numel() or self.classes or each:numel())
end

function values.samples(self)
  local sums = self.sums:totable()
  return sums[1] / sums[2]
end

function F1:value()
  if not self.counts then return 0 / 0 end
  return values[self.average](self)
end

local function build(average, over, context)
  local classes = context and context.classes
  return setmetatable({ average = average, over = over, name = "f1_" .. average, classes = classes }, F1)
end

local over = { "over", "one of seen|all", "seen",
  "classes the mean is over: those of some truth or prediction, or all" }

--- F1 over the classes together: 2 TP / (2 TP + FP + FN). Where every sample has one label and one prediction it is the
-- accuracy.
-- @usage metric.f1_micro {}
schema.declare("metric.f1_micro", {}, function(_, context) return build("micro", "seen", context) end)

--- F1 of each class, averaged over the classes: rare ones count as much as frequent ones. A class that is neither true
-- nor predicted anywhere is left out, or with over = "all" counts 0.
-- @usage metric.f1_macro {}
schema.declare("metric.f1_macro", { over }, function(o, context) return build("macro", o.over, context) end)

--- F1 of each sample between its true and its predicted labels, 2 |A n B| / (|A| + |B|), averaged over the samples. 0
-- for a sample with neither.
-- @usage metric.f1_samples {}
schema.declare("metric.f1_samples", {}, function(_, context) return build("samples", "seen", context) end)

--- F1, the harmonic mean of precision and recall; 0 where both are. Samples of several labels need a model that
-- predicts sets: a path_decoder with decode = "path_set", or head.label_set. The key is f1_micro, f1_macro or
-- f1_samples.
-- @usage metric.f1 { average = "macro" }
return schema.declare("metric.f1", {
  { "average", "one of micro|macro|samples", "micro", "over all decisions, over classes, or over samples" },
  over,
}, function(o, context) return build(o.average, o.over, context) end)
