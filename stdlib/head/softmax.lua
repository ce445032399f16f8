local schema = require "schema"
local Linear = require "nn.linear"

local Softmax = {}
Softmax.__index = Softmax
Softmax.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> logits [B, K]
function Softmax:forward(features) return self.module(features) end

--- Named loss terms for logits [B, K] and a target { y or t, w, ignore }; `criterion` stands in for cross entropy.
function Softmax:losses(logits, target, criterion)
  local terms = { { name = "ce", value = (criterion or self.criterion)(logits, target) } }
  if self.l2 > 0 then
    terms[2] = { name = "l2", value = self.module.weight:square():sum() * self.l2 }
  end
  return terms
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Softmax:ideal(y) return torch.zeros(#y, self.module.bias:size(0)):scatter_(1, y:unsqueeze(1), 10) end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Softmax:evaluate(numbers)
  local others = torch.ones(self.module.bias:size(0)):index_fill_(0, torch.tensor(numbers, { dtype = "int64" }), 0)
  self.others = keep(others:gt(0))
end

--- { y = long[B] the likeliest class, scores = float[B, K] probabilities }
function Softmax:predict(logits)
  if self.others then logits = logits:masked_fill(self.others:to(logits.device), -math.huge) end
  return { y = logits:argmax(1), scores = logits:softmax(1) }
end

--- One-hot labels: one linear layer and a softmax over the classes, trained by cross entropy.
-- @usage head.softmax {}
return schema.declare("head.softmax", {
  { "l2", "number >= 0", 0.0, "factor on the squared weights of the layer" },
  { "label_smoothing", "number in [0, 1]", 0.0, "share of the target spread evenly over all classes" },
  require "class_weights".field(schema.optional),
  { "deviation", "number > 0", schema.optional,
    "weights begin normal with this deviation, cut at twice of it, and biases at 0" },
}, function(o, context)
  local module = Linear(context.features, context.classes)
  if o.deviation then
    local init = require("nn").init
    init.trunc_normal_(module.weight, 0, o.deviation, -2 * o.deviation, 2 * o.deviation)
    init.zeros_(module.bias)
  end
  return setmetatable({
    module = module,
    criterion = require "loss.ce" { label_smoothing = o.label_smoothing, class_weights = o.class_weights }:build(context),
    loss = "ce",
    l2 = o.l2,
  }, Softmax)
end)
