local label_distances = require "label_distances"
local metric = require "host.metric"
local schema = require "schema"

local TauB = {}
TauB.__index = TauB

function TauB:reset() self.sums, self.counts = nil, nil end

-- Told before an evaluation whose labels are asked for.
function TauB:begin(head)
  if not head then error("tau_b: the model has no head whose labels could be compared", 0) end
  self.head = head
end

-- Without labels of its own a head is judged by the centroids of its outputs (Eq. 1 of LwAL).
function TauB:add(prediction, batch)
  if self.head.label_vectors or self.head.label_matrix then return end
  local outputs, y = prediction.outputs, batch.y
  if not torch.is_tensor(outputs) or outputs.ndim ~= 2 or y.ndim ~= 1 then
    error("tau_b: this head has no label vectors, and its outputs give no centroids of classes", 0)
  end
  if not self.sums then
    local options = { dtype = "float64", device = outputs.device }
    self.sums = keep(torch.zeros(#self.classes, outputs:size(1), options))
    self.counts = keep(torch.zeros(#self.classes, options))
  end
  self.sums:index_add_(0, y, outputs:double())
  self.counts:index_add_(0, y, torch.ones_like(y):double())
end

-- Distances between the labels as the head has learnt them, and which classes have one: [K, K], bool [K] or nil.
local function learned(self)
  local head = self.head
  if head.label_vectors then return metric.distances(head:label_vectors()) end
  if head.label_matrix then return metric.similarity_distances(head:label_matrix()) end
  if not self.sums then return nil end
  return metric.distances(self.sums / self.counts:clamp_min(1):unsqueeze(1)), self.counts:gt(0)
end

--- tau_b of every class, against the tree: { mean, per_class = list, undefined, classes = names }.
function TauB:score()
  local distances, seen = learned(self)
  if not distances then return { mean = 0 / 0, per_class = {}, undefined = 0, classes = {} } end
  local chosen, given, names = {}, {}, {}
  for i, class in ipairs(self.classes) do
    local place = self.place[class]
    if place and (not seen or seen[i - 1]:item()) then
      chosen[#chosen + 1], given[#given + 1], names[#names + 1] = i - 1, place, class
    end
  end
  if #chosen == 0 then return { mean = 0 / 0, per_class = {}, undefined = 0, classes = {} } end
  local score = metric.semantic_score(label_distances.among(distances, chosen),
    label_distances.among(self.distances, given))
  score.classes = names
  return score
end

function TauB:value() return self:score().mean end

--- How many classes have no tau_b and are in no mean, where there are any.
function TauB:more()
  local undefined = self:score().undefined
  return undefined > 0 and { { "tau_b_undefined", undefined } } or {}
end

--- How well distances between learnt labels agree with those of a tree, such as WordNet's: Kendall's tau-b between the
-- two rows of distances of a class, its own entry left out, averaged over the classes (semantic score, Eq. 4 of LwAL).
-- A class whose row is all ties has none; it is in no mean and counted as tau_b_undefined. Classes that the tree lacks
-- are left out.
--
-- Learnt distances are those of a head's label vectors; where it has similarities instead (label_embedding), those of
-- vectors with these products; where it has neither (softmax), those of the mean output of each class over the samples
-- that are evaluated.
-- @usage metric.tau_b { tree = wordnet "cifar10" }
return schema.declare("metric.tau_b", {
  { "tree", "node wordnet|graph", schema.required, "distances between classes: wordnet \"cifar10\", or a label graph" },
}, function(o, context)
  local classes = context and context.class_names
  if not classes then error("tau_b: the data name no classes", 0) end
  local tree, place = label_distances.of_tree(o.tree, classes), {}
  for i, class in ipairs(tree.names) do place[class] = i - 1 end
  if #tree.names < 3 then
    error(("tau_b: the tree has %d of the data's %d classes, at least 3 are needed"):format(#tree.names, #classes), 0)
  end
  return setmetatable({ classes = classes, place = place, distances = keep(tree.distances) }, TauB)
end)
