local evaluated = require "evaluated"
local label_file = require "label_file"
local schema = require "schema"
local Linear = require "nn.linear"

local Dense = {}
Dense.__index = Dense
Dense.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> [B, D]
function Dense:forward(features) return self.module(features) end

-- The vector of the class, or for soft labels the expected vector.
local function vectors_of(self, target, like)
  local labels, y = self.module.labels, target.y
  if y and y.ndim ~= 1 then
    error("head.dense: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  local t
  if target.t then
    t = target.t:to(labels.dtype):matmul(labels)
  else
    if target.ignore then y = y:masked_fill(target.ignore, 0) end -- what is ignored may have no label
    t = labels:index_select(0, y)
  end
  return { t = t:to(like.dtype), w = target.w, ignore = target.ignore }
end

--- Named loss terms for outputs [B, D] and a target { y or t, w, ignore }.
function Dense:losses(outputs, target, criterion)
  -- half precision would blur the labels
  outputs = outputs:to(torch.promote_types(outputs.dtype, self.module.labels.dtype))
  local value = (criterion or self.criterion)(outputs, vectors_of(self, target, outputs))
  return { { name = self.loss, value = value } }
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Dense:ideal(y) return self.module.labels:index_select(0, y) end

--- float[B, K], larger is nearer: minus the mean squared difference from each class's vector.
function Dense:nearness(outputs)
  local labels = self.module.labels
  local type = torch.promote_types(outputs.dtype, labels.dtype)
  outputs, labels = outputs:to(type), labels:to(type)
  -- minus the squares, by one product; centred, because the difference of large numbers would lose what counts
  local centre = labels:mean(0)
  outputs, labels = outputs - centre, labels - centre
  local squares = torch.addmm(labels:square():sum(1), outputs, labels:t(), { alpha = -2 })
  return -(squares + outputs:square():sum(1, true)):clamp_min(0) / labels:size(1)
end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Dense:evaluate(numbers) self.others = evaluated.others(numbers, self.module.labels:size(0)) end

--- { y = long[B] the class of the nearest vector, scores = float[B, K] (softmax over minus the squared distances / 2) }
function Dense:predict(outputs)
  local near = evaluated.among(self:nearness(outputs), self.others)
  return { y = near:argmax(1), scores = (near * (self.module.labels:size(1) / 2)):softmax(1) }
end

--- The vectors of the labels, float [K, D].
function Dense:label_vectors() return self.module.labels end

--- How alike they are, float [K, K]: minus their Euclidean distances.
function Dense:label_matrix()
  local labels = self.module.labels
  return -torch.cdist(labels, labels, { compute_mode = "donot_use_mm_for_euclid_dist" })
end

-- Vectors of the classes [K, D] from what `labels` names.
local function vectors(o, context)
  local classes, names, source = context.classes, context.class_names, o.labels
  if source == "uniform" or source == "normal" then
    local generator = torch.Generator():manual_seed(o.seed)
    local draw = source == "uniform" and torch.rand or torch.randn
    return draw(classes, o.dim, { generator = generator })
  end
  local made
  if type(source) == "string" then
    if not names then
      names = {}
      for i = 1, classes do names[i] = tostring(i - 1) end
    end
    made = label_file.read(require "catalogue".path(source), names)
  elseif schema.is_node(source) then
    made = schema.build(source, context)
    if not torch.is_tensor(made) then
      error("head.dense: labels = text.minilm {}:encode(d.class_names): an encoder alone has no texts", 0)
    end
  else
    made = type(source) == "table" and torch.tensor(source, { dtype = "float32" }) or source
  end
  if made.ndim ~= 2 or made:size(0) ~= classes then
    error(("head.dense: %d classes need labels [%d, D], got %s"):format(classes, classes, tostring(made.shape)), 0)
  end
  if not made.dtype:match "float" then made = made:float() end
  if not made:isfinite():all():item() then error("head.dense: the labels hold numbers that are not finite", 0) end
  return made:detach():clone():cpu()
end

-- Two classes of one vector could never be told apart.
local function check_distinct(labels, names)
  local distinct, place = torch.unique_dim(labels, 0, true, true)
  if distinct:size(0) == labels:size(0) then return end
  local first = {}
  for i, number in ipairs(place:totable()) do
    if first[number] then
      error(("head.dense: the labels of '%s' and '%s' are the same vector"):format(names and names[first[number]]
        or first[number] - 1, names and names[i] or i - 1), 0)
    end
    first[number] = i
  end
end

--- Dense labels: each class is a fixed vector, learnt by regression; a sample's class is the one with the nearest
-- vector (Chen, Li, Raghu, Jain 2021: "Beyond categorical label representations"). Vectors of a file, of random
-- numbers, of the classes' names in a text encoder's eyes, or given as they are:
--
--     head.dense { labels = text.minilm {}:encode(d.class_names) }
--     head.dense { labels = "$DATA/vectors.csv" }        -- name, number, number, ...; found by the classes' names
-- @usage head.dense { labels = "normal", dim = 64, seed = 3 }
return schema.declare("head.dense", {
  { "labels", "one of normal|uniform or path or node text or any", "normal",
    "random numbers from a seed, a .safetensors or .csv file, texts that an encoder has read, or a tensor [K, D]" },
  { "dim", "integer > 0", 64, "length of a random label" },
  { "seed", "integer >= 0", 7, "seed of random labels, independent of the training seed" },
  { "loss", "one of smooth_l1|mse|l1", "smooth_l1", "how far an output is from its label; smooth_l1 with beta = 1" },
}, function(o, context)
  local labels = vectors(o, context)
  check_distinct(labels, context.class_names)
  local module = Linear(context.features, labels:size(1))
  module:register_buffer("labels", labels)
  local criterion = require("loss." .. o.loss) {}:build(context)
  return setmetatable({ module = module, criterion = criterion, loss = o.loss }, Dense)
end, {
  check = function(o)
    local source = o.labels
    if type(source) ~= "string" and type(source) ~= "table" and not torch.is_tensor(source) then
      return ("labels are a file, a tensor, rows of numbers or encoded texts, got %s"):format(type(source)), "labels"
    end
  end,
})
