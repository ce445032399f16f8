local schema = require "schema"
local codes = require "codes"
local Linear = require "nn.linear"

local Binary = {}
Binary.__index = Binary

--- features [B, F] -> logits of the bits [B, D]
function Binary:forward(features) return self.module(features) end

-- The target in terms of bits: the code of the class, or for soft labels the expected code.
local function bits_of(self, target)
  local table_of_codes = self.module.codes
  local t = target.t and target.t:to(table_of_codes.dtype):matmul(table_of_codes)
    or table_of_codes:index_select(0, target.y)
  return { t = t, w = target.w, ignore = target.ignore }
end

--- Named loss terms for bit logits [B, D] and a target { y or t, w, ignore }.
function Binary:losses(logits, target, criterion)
  local outputs = logits
  if not criterion and self.loss ~= "bce" then outputs = logits:sigmoid() end
  return { { name = self.loss, value = (criterion or self.criterion)(outputs, bits_of(self, target)) } }
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Binary:ideal(y) return self.module.codes:index_select(0, y) * 20 - 10 end

-- float[B, K], larger is nearer: how well each class's code fits the bits.
local nearness = {
  -- sum of log p(bit) over the bits
  likelihood = function(logits, table_of_codes)
    local one, zero = logits:log_sigmoid(), (-logits):log_sigmoid()
    return one:matmul(table_of_codes:t()) + zero:matmul((1 - table_of_codes):t())
  end,
  hamming = function(logits, table_of_codes)
    local signs = logits:gt(0):to(logits.dtype)
    return signs:matmul(table_of_codes:t()) + (1 - signs):matmul((1 - table_of_codes):t()) - table_of_codes:size(1)
  end,
  l1 = function(logits, table_of_codes) return -torch.cdist(logits:sigmoid(), table_of_codes, 1) end,
}

--- { y = long[B] the class of the nearest code, scores = float[B, K] (softmax over the nearness), codes = bool[B, D] }
function Binary:predict(logits)
  local near = nearness[self.nearest](logits, self.module.codes)
  return { y = near:argmax(1), scores = near:softmax(1), codes = logits:gt(0) }
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
  module:register_buffer("codes", torch.tensor(rows, { dtype = "float32" }))
  return setmetatable({
    module = module,
    criterion = require("loss." .. o.loss) {}:build(context),
    loss = o.loss,
    nearest = o.nearest,
  }, Binary)
end)
