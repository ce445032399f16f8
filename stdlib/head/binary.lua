local codes = require "codes"
local evaluated = require "evaluated"
local schema = require "schema"
local Linear = require "nn.linear"

local Binary = {}
Binary.__index = Binary
Binary.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> logits of the bits [B, D]
function Binary:forward(features) return self.module(features) end

-- The target in terms of bits: the code of the class, or for soft labels the expected code.
local function bits_of(self, target, like)
  local table_of_codes, y = self.module.codes, target.y
  if y and y.ndim ~= 1 then
    error("head.binary: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  local t
  if target.t then
    t = target.t:to(like.dtype):matmul(table_of_codes:to(like.dtype))
  else
    if target.ignore then y = y:masked_fill(target.ignore, 0) end -- what is ignored may have no label
    t = table_of_codes:index_select(0, y):to(like.dtype)
  end
  return { t = t, w = target.w, ignore = target.ignore }
end

--- Named loss terms for bit logits [B, D] and a target { y or t, w, ignore }.
function Binary:losses(logits, target, criterion)
  logits = logits:to(torch.promote_types(logits.dtype, "float32")) -- losses are not of half precision
  local outputs = logits
  if not criterion and self.loss ~= "bce" then outputs = logits:sigmoid() end
  local value = (criterion or self.criterion)(outputs, bits_of(self, target, outputs))
  return { { name = self.loss, value = value } }
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Binary:ideal(y) return self.module.codes:index_select(0, y):float() * 20 - 10 end

-- The words of so many classes are made floats at once: all of 50,000 classes would be copied for every batch.
local ROWS = 8192

-- float[B, K]: for each word the sum of `gain` [B, D] over its ones.
local function over_ones(gain, table_of_codes)
  local parts = {}
  for from = 0, table_of_codes:size(0) - 1, ROWS do
    local rows = table_of_codes:narrow(0, from, math.min(ROWS, table_of_codes:size(0) - from))
    parts[#parts + 1] = gain:matmul(rows:to(gain.dtype):t())
  end
  return #parts == 1 and parts[1] or torch.cat(parts, 1)
end

-- float[B, K], larger is nearer: how well each class's word fits the bits. A bit counts `gain` more where the word has
-- a 1 than where it has a 0, so that one product is all it takes; `rest` is what all zeros would get.
local nearness = {
  -- sum of log p(bit); log s(z) - log s(-z) = z
  likelihood = function(logits) return logits, (-logits):log_sigmoid():sum(1, true) end,
  -- minus the number of bits that differ, at the threshold p = 1/2
  hamming = function(logits)
    local ones = logits:gt(0):to(logits.dtype)
    return ones * 2 - 1, -ones:sum(1, true)
  end,
  -- minus the sum of |p - bit|
  l1 = function(logits)
    local p = logits:sigmoid()
    return p * 2 - 1, -p:sum(1, true)
  end,
}

--- float[B, K], larger is nearer: the log likelihood of each class's word, minus its Hamming distance, or minus its L1
-- distance, by the head's rule or another one.
function Binary:nearness(logits, rule)
  local gain, rest = nearness[rule or self.nearest](logits)
  return over_ones(gain, self.module.codes) + rest
end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Binary:evaluate(numbers) self.others = evaluated.others(numbers, self.module.codes:size(0)) end

--- { y = long[B] the class of the nearest code, scores = float[B, K] (softmax over the nearness), codes = bool[B, D] }
function Binary:predict(logits)
  local near = evaluated.among(self:nearness(logits), self.others)
  return { y = near:argmax(1), scores = near:softmax(1), codes = logits:gt(0) }
end

--- The words, float [K, D].
function Binary:label_vectors() return self.module.codes:float() end

--- How alike the words are, float [K, K]: the share of bits in which they agree.
function Binary:label_matrix()
  local words = self.module.codes
  return 1 - codes.distances(words, words):float() / words:size(1)
end

--- Binary labels: each class is a long random word of bits, learnt bit by bit; a sample's class is the one with the
-- nearest word. As a task beside one-hot labels it gives the trunk many independent views of the same classes.
-- @usage head.binary { bits = 512, min_distance = 0.25 }
return schema.declare("head.binary", {
  { "bits", "integer > 0", 512, "length of a label" },
  { "seed", "integer >= 0", 7, "seed of the random labels, independent of the training seed" },
  { "min_distance", "number in [0, 1]", 0.0, "share of bits in which any two labels must differ" },
  { "codes", "one of random|hadamard", "random", "fair coins, or rows of a Hadamard matrix (half of the bits differ)" },
  { "loss", "one of bce|mse|l1", "bce", "bce on the logits, or mse or l1 on their sigmoid" },
  { "nearest", "one of likelihood|hamming|l1", "likelihood", "how the nearest label is found" },
}, function(o, context)
  local rows = o.codes == "random" and codes.random(context.classes, o.bits, o.seed, o.min_distance)
    or codes.hadamard(context.classes, o.bits)
  local module = Linear(context.features, o.bits)
  module:register_buffer("codes", rows) -- bytes: of 50,000 classes they are a quarter of what floats would take
  return setmetatable({
    module = module,
    criterion = require("loss." .. o.loss) {}:build(context),
    loss = o.loss,
    nearest = o.nearest,
  }, Binary)
end)
