local evaluated = require "evaluated"
local host = require "host.representation"
local label_file = require "label_file"
local nn = require "nn"
local schema = require "schema"
local similar_labels = require "similar_labels"

local Embedding = {}
Embedding.__index = Embedding
Embedding.soft_targets = true -- mixed batches (stdlib/mixing.lua)

local TERMS = { "hard", "soft", "second", "hinge", "embedding" }

--- features [B, F] -> [B, 2K], the logits of the predicting output and of the one that the embedding learns from, side
-- by side; [B, K] where the embedding is given. The second output sends no gradient to the features.
function Embedding:forward(features)
  local first = self.module.first(features)
  if not self.learns then return first end
  return torch.cat({ first, self.module.second(features:detach()) }, 1)
end

-- e of labels y [B], and where each label's row is; for compressed embeddings ReLU(A_y B), a row a sample.
local function embeddings(self, y)
  local m = self.module
  if not self.compressed then return m.embedding, y end
  local e = m.compressed:index_select(0, y:clamp(0, self.classes - 1)):matmul(m.expand)
  if self.bias then e = e + m.expand_bias end
  return e:relu(), torch.arange(y:size(0), { device = y.device })
end

-- A sample's factor [B], or nil: 0 where it is ignored.
local function factors(target, like)
  if not target.ignore then return target.w end
  local counts = target.ignore:logical_not():to(like.dtype)
  return target.w and torch.where(target.ignore, counts, target.w:to(like.dtype)) or counts
end

-- Has the soft term begun? Counts batches, on the device: one that comes again (the second pass of a balance, a second
-- look of LBFGS) is the same update.
local function opened(self, target)
  local updates = self.module.updates
  if self.module.training and target.pass ~= 2 and self.seen[1] ~= target then
    self.seen[1] = target
    updates:add_(1)
  end
  return updates:gt(self.start)
end

--- Named loss terms for outputs and a target { y or t, w, ignore }. `criterion` stands in for both cross entropies with
-- the true label. Soft labels t cost what is expected of a label drawn from them.
function Embedding:losses(outputs, target, criterion)
  local y, t = target.y, target.t
  if y and y.ndim ~= 1 then
    error("head.label_embedding: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  local loss = criterion and self.without_truth or self.with_truth
  local w, found = factors(target, outputs), nil
  if t then
    found = loss:expected(outputs, self:label_matrix(true), t, w)
  else
    local rows, row = embeddings(self, y)
    found = loss:terms(outputs, rows, row, y, w)
  end
  local values, terms = found:unbind(0), {}
  if criterion then
    values[1] = criterion(outputs:narrow(1, 0, self.classes), target) * self.weights[1]
    if self.learns then
      values[3] = criterion(outputs:narrow(1, self.classes, self.classes), target) * self.weights[3]
    end
  end
  for i, name in ipairs(self.names) do
    local place = self.places[i]
    local value = values[place]
    if name == "soft" and self.start > 0 then value = value * opened(self, target) end
    terms[i] = { name = name, value = value }
  end
  return terms
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Embedding:ideal(y)
  local logits = torch.zeros(#y, self.classes):scatter_(1, y:unsqueeze(1), 10)
  return self.learns and torch.cat({ logits, logits }, 1) or logits
end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Embedding:evaluate(numbers) self.others = evaluated.others(numbers, self.classes) end

--- { y = long[B] the likeliest class of the predicting output, scores = float[B, K] probabilities }
function Embedding:predict(outputs)
  local logits = evaluated.among(outputs:narrow(1, 0, self.classes), self.others)
  return { y = logits:argmax(1), scores = logits:softmax(1) }
end

--- E, float [K, K]: how much label i resembles label j, larger is more. Of compressed embeddings the matrix that they
-- stand for. With a history where `history` is true.
function Embedding:label_matrix(history)
  local matrix = self.module.embedding
  if self.compressed then
    matrix = embeddings(self, torch.arange(self.classes, { device = self.module.compressed.device }))
  end
  return history and matrix or matrix:detach()
end

--- The `count` (default 3) most similar labels of each; prints as a table, see similar_labels.
function Embedding:similar_labels(count) return similar_labels.of(self:label_matrix(), self.labels, count) end

--- The softmax of each row of E, float [K, K], and the names of the labels: what a heat map shows.
function Embedding:heat_map() return similar_labels.heat(self:label_matrix()), self.labels end

--- Writes E and the names of its labels, for `embedding = path` of another model's head.
function Embedding:save_embedding(path) label_file.write(path, self.labels, self:label_matrix()) end

-- What the presets say where an option is absent. The paper adds all terms as means; the authors' code halves the first
-- two and sums the hinge over the batch.
local presets = {
  authors = { beta = 0.5, hinge = "sum" },
  paper = { hinge = "mean" },
}

local function weights_of(o)
  local preset, given = presets[o.preset], o.weights
  local beta = o.beta or preset.beta
  local weights = { beta or 1, beta and 1 - beta or 1, 1, 1, 1 }
  for i, name in ipairs(TERMS) do weights[i] = given[name] or weights[i] end
  return weights
end

-- E [K, K] of a file, of a model that is trained now, or as it is given.
local function given_embedding(o, context, labels)
  local source = o.embedding
  if context.rehearse == "load" then return torch.zeros(#labels, #labels) end -- it is among the weights that are read
  if type(source) == "string" then
    return label_file.read(require "catalogue".path(source), labels, { similarity = true })
  end
  if schema.is_node(source) then
    local head
    require "teacher".train(source, context, "head.label_embedding", function(made)
      for _, entry in ipairs(made.model.heads or {}) do
        if entry.head.save_embedding then head = head or entry.head end
      end
      if not head then
        error("head.label_embedding: the model that embedding = experiment {...} trains has no such head", 0)
      end
    end)
    local path = require "host.system".temporary_folder "embedding" .. "/embedding.safetensors"
    head:save_embedding(path) -- through a file, so that labels are matched by name
    return label_file.read(path, labels, { similarity = true })
  end
  local matrix = type(source) == "table" and torch.tensor(source, { dtype = "float32" }) or source
  if matrix.ndim ~= 2 or matrix:size(0) ~= #labels or matrix:size(1) ~= #labels then
    error(("head.label_embedding: %d labels have an embedding [%d, %d], got %s"):format(#labels, #labels, #labels,
      tostring(matrix.shape)), 0)
  end
  return matrix:detach():clone()
end

local function output(features, classes, deviation)
  local layer = nn.Linear(features, classes)
  if deviation then
    nn.init.trunc_normal_(layer.weight, 0, deviation, -2 * deviation, 2 * deviation)
    nn.init.zeros_(layer.bias)
  end
  return layer
end

-- Parameters of the embedding: E from the identity, or A and B from where torch's Embedding and Linear begin.
local function add_embedding(module, o, classes)
  if not o.compressed then
    module.embedding = nn.Parameter(torch.eye(classes))
    return
  end
  local linear = nn.Linear(o.compressed, classes, { bias = o.compressed_bias })
  module.compressed = nn.Parameter(torch.randn(classes, o.compressed))
  module.expand = nn.Parameter(linear.weight:detach():t():contiguous())
  if o.compressed_bias then module.expand_bias = nn.Parameter(linear.bias:detach()) end
end

--- Label embeddings learnt beside the classes (Label Embedding Networks, 2018): a first output predicts, a second one
-- learns to predict without touching the trunk, and each label's row of a matrix E [K, K] learns what the second output
-- takes it for. The first output is taught the label and softmax(E_y) at once. The loss is, with ' for softmax,
--
--     hard  H(y, z1')    soft  H(E_y', z1')    second  H(y, z2')    hinge  max(0, (z2')_y - alpha)^p
--     embedding  H(softmax(z2 / tau), E_y')      each times its weight
--
-- preset "authors": hard and soft weigh beta = 0.5 and 1 - beta, the hinge is summed over the batch; "paper": all weigh
-- 1, all are means. Options that are given win over the preset. For very many labels `compressed = h` learns
-- E_y = ReLU(A_y B) of A [K, h] and B [h, K] in place of K x K numbers. With `embedding` E is given and stays what it
-- is, there is no second output, and hard and soft alone are learnt (Appendix C).
--
--     head:similar_labels(3)   head:heat_map()   head:label_matrix()   head:save_embedding "digits.safetensors"
-- @usage head.label_embedding { tau = 2, alpha = 0.9 }
return schema.declare("head.label_embedding", {
  { "preset", "one of authors|paper", "authors", "defaults of beta and hinge_reduction" },
  { "beta", "number in [0, 1]", schema.optional, "weight of hard; soft weighs 1 - beta" },
  { "weights", {
    { "hard", "number >= 0", schema.optional, "of H(y, z1')" },
    { "soft", "number >= 0", schema.optional, "of H(E_y', z1')" },
    { "second", "number >= 0", schema.optional, "of H(y, z2')" },
    { "hinge", "number >= 0", schema.optional, "of max(0, (z2')_y - alpha)^p" },
    { "embedding", "number >= 0", schema.optional, "of H(softmax(z2 / tau), E_y')" },
  }, {}, "factors of the terms; 0 leaves one out" },
  { "tau", "number > 0", 2.0, "temperature of what the embedding learns" },
  { "alpha", "number in [0, 1]", 0.9, "probability up to which the second output may be sure" },
  { "p", "number >= 1", 1.0, "power of the hinge: 1 or 2 in the paper" },
  { "two_sided", "boolean", false, "|(z2')_y - alpha|^p, as the authors have it for texts" },
  { "hinge_reduction", "one of sum|mean", schema.optional, "over the batch; the preset's where absent" },
  { "mask", "one of second|first|none", "second",
    "a sample teaches the embedding only where this output is right (Appendix A), or (none) always" },
  { "embedding_reduction", "one of counted|batch", "counted", "mean over the samples that teach, or over the batch" },
  { "start", "integer >= 0", 0, "batches before the soft term is learnt; with texts the authors wait for 20,000" },
  { "compressed", "integer > 0", schema.optional, "size h of compressed embeddings" },
  { "compressed_bias", "boolean", false, "ReLU(A_y B + b)" },
  { "embedding", "path or node experiment or any", schema.optional,
    "E as it was learnt before: a file of save_embedding, a tensor [K, K], or an experiment that is trained first" },
  { "deviation", "number > 0", schema.optional,
    "weights of the outputs begin normal with this deviation, cut at twice of it, and biases at 0" },
}, function(o, context)
  local classes, labels = context.classes, context.class_names
  if not labels then
    labels = {}
    for i = 1, classes do labels[i] = tostring(i - 1) end
  end
  local module, weights = nn.Module {}, weights_of(o)
  module.first = output(context.features, classes, o.deviation)
  if o.embedding ~= nil then
    module:register_buffer("embedding", given_embedding(o, context, labels))
  else
    module.second = output(context.features, classes, o.deviation)
    add_embedding(module, o, classes)
  end
  if o.start > 0 then module:register_buffer("updates", torch.zeros({}, { dtype = "int64" })) end
  local self = setmetatable({
    module = module, classes = classes, labels = labels, loss = "label_embedding",
    learns = o.embedding == nil, compressed = o.compressed ~= nil, bias = o.compressed_bias, weights = weights,
    start = o.start, seen = setmetatable({}, { __mode = "v" }), names = {}, places = {},
  }, Embedding)
  for i = 1, self.learns and 5 or 2 do
    if weights[i] > 0 then self.names[#self.names + 1], self.places[#self.places + 1] = TERMS[i], i end
  end
  if #self.names == 0 then error("head.label_embedding: all of its terms have weight 0", 0) end
  local function host_loss(first, third)
    return host.embedding_loss {
      weights = { first, weights[2], third, weights[4], weights[5] }, tau = o.tau, alpha = o.alpha, p = o.p,
      two_sided = o.two_sided, hinge = o.hinge_reduction or presets[o.preset].hinge, mask = o.mask,
      reduction = o.embedding_reduction }
  end
  self.with_truth, self.without_truth = host_loss(weights[1], weights[3]), host_loss(0, 0)
  return self
end, {
  check = function(o)
    if o.embedding ~= nil and o.compressed then
      return "an embedding that is given is not learnt: leave out `compressed`", "compressed"
    end
    if o.compressed_bias and not o.compressed then return "it needs compressed = h", "compressed_bias" end
    local source = o.embedding
    if source ~= nil and type(source) ~= "string" and not schema.is_node(source) and type(source) ~= "table"
      and not torch.is_tensor(source) then
      return ("it is a file, a tensor, rows of numbers or an experiment, got %s"):format(type(source)), "embedding"
    end
  end,
})
