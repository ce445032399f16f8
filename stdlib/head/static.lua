local host = require "host.adaptive"
local schema = require "schema"

local Static = {}
Static.__index = Static
Static.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> z [B, D]
function Static:forward(features) return self.dense:forward(features) end

--- Named loss terms for outputs z [B, D] and a target { y or t, w, ignore }. `criterion` stands in for the loss: it is
-- given z and the vectors, or where the loss is ce minus the distances and the target.
function Static:losses(z, target, criterion)
  if target.y and target.y.ndim ~= 1 then
    error("head.static: a sample has one label here, these have several; take head.label_set {}", 0)
  end
  if not self.ce then return self.dense:losses(z, target, criterion) end
  if target.ignore then -- what is ignored may hold nan, and have no label
    z = z:masked_fill(target.ignore:unsqueeze(1), 0)
    if target.y then
      target = setmetatable({ y = target.y:masked_fill(target.ignore, 0) }, { __index = target })
    end
  end
  local logits = host.label_logits(z, self.module.labels)
  return { { name = "ce", value = (criterion or self.ce)(logits, target) } }
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function Static:ideal(y) return self.dense:ideal(y) end

--- From here on only these classes are told apart: those of one dataset of a join, a list of their numbers.
function Static:evaluate(numbers) self.dense:evaluate(numbers) end

--- { y = long[B] the class of the nearest vector, scores = float[B, K] }
function Static:predict(z) return self.dense:predict(z) end

--- The vectors of the labels, float [K, D].
function Static:label_vectors() return self.dense:label_vectors() end

-- An error of the head that does the work, in this one's name.
local function renamed(call, ...)
  local results = { pcall(call, ...) }
  if results[1] then return results[2] end
  local failure = results[2]
  if type(failure) == "string" then
    failure = failure:gsub("head%.dense: labels = ", "head.static: vectors = "):gsub("head%.dense", "head.static")
  end
  error(failure, 0)
end

--- Static labels (StaticLabel, a baseline of LwAL): each class has a fixed vector, learnt by regression with a Huber
-- loss of delta 1 (the mean over the numbers of a vector and the batch); a sample's class is the one with the nearest
-- vector. Where the vectors come from: a text encoder that reads the classes' names, a file, a tensor, a seed, or
-- "onehot". loss = "ce" learns softmax(-distance) by cross entropy instead: LwAL without adaptation.
--
--     head.static { vectors = text.minilm {}:encode(d.class_names) }
--     head.static { vectors = "$DATA/vectors.csv" }      -- name, number, number, ...; found by the classes' names
-- @usage head.static { vectors = "normal", dim = 64, seed = 3 }
return schema.declare("head.static", {
  { "vectors", "one of normal|uniform|onehot or path or node text or any", "normal",
    "random numbers from a seed, a .safetensors or .csv file, texts that an encoder has read, or a tensor [K, D]",
    aliases = { "labels" } },
  { "dim", "integer > 0", 64, "length of a random vector" },
  { "seed", "integer >= 0", 7, "seed of random vectors, independent of the training seed" },
  { "loss", "one of huber|mse|l1|ce", "huber", "how far an output is from its label's vector" },
}, function(o, context)
  local source = o.vectors
  if source == "onehot" then source = torch.eye(context.classes) end
  local loss = ({ huber = "smooth_l1", ce = "smooth_l1" })[o.loss] or o.loss
  local dense = renamed(schema.build,
    schema.find "head.dense" { labels = source, dim = o.dim, seed = o.seed, loss = loss }, context)
  return setmetatable({
    dense = dense, module = dense.module, loss = o.loss == "huber" and dense.loss or o.loss,
    ce = o.loss == "ce" and require "loss.ce" {}:build(context) or nil,
  }, Static)
end, {
  check = function(o)
    local source = o.vectors
    if type(source) ~= "string" and type(source) ~= "table" and not torch.is_tensor(source) then
      return ("vectors are a file, a tensor, rows of numbers or encoded texts, got %s"):format(type(source)), "vectors"
    end
  end,
})
