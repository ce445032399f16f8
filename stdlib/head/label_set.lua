local schema = require "schema"
local Linear = require "nn.linear"

local LabelSet = {}
LabelSet.__index = LabelSet
LabelSet.soft_targets = true -- mixed batches (stdlib/mixing.lua)

--- features [B, F] -> logits of the nodes [B, V]
function LabelSet:forward(features) return self.module(features) end

-- Multi-hot rows [B, V] like the logits: the nodes of all paths to a sample's labels; of soft labels the expected rows.
local function nodes_of(self, target, like)
  local columns, y = self.module.columns, target.y
  local samples = y and y:size(0) or target.t:size(0)
  -- one column more, of which the last takes what names no node
  local t = torch.zeros(samples, self.width + 1, { dtype = like and like.dtype or self.module.weight.dtype,
                                                   device = columns.device })
  if target.t and not (y and y.ndim == 2) then
    for k = 0, columns:size(1) - 1 do t:index_add_(1, columns["0:-1"]:select(1, k):long(), target.t:to(t.dtype)) end
  else
    local places = y:flatten():remainder(self.numbers + 1) -- -1, which names none, comes last
    t:scatter_(1, columns:index_select(0, places):long():view(samples, -1), 1)
  end
  return t:narrow(1, 0, self.width)
end

--- Named loss terms for logits [B, V] and a target { y long[B] or [B, K], or t, w, ignore }.
function LabelSet:losses(logits, target, criterion)
  local t = nodes_of(self, target, logits)
  local value = (criterion or self.criterion)(logits, { t = t, w = target.w, ignore = target.ignore })
  return { { name = "bce", value = value } }
end

--- Outputs that say these classes as clearly as the head can: predict(ideal(y)).y is y.
function LabelSet:ideal(y) return nodes_of(self, { y = y }) * 20 - 10 end

--- { y = long[B] the evaluated class with the largest probability, probability = float[B, N] of each class by itself
-- (0 for those that are not evaluated), set = bool[B, N] those from the threshold on, scores = float[B, N] the
-- probabilities divided by their sum, classes = long[K] the evaluated ones }
function LabelSet:predict(logits)
  local p, classes = logits:sigmoid(), self.classes:to(logits.device)
  local own = p:index_select(1, self.columns:to(logits.device))
  local probability = torch.zeros(p:size(0), self.numbers, { dtype = p.dtype, device = p.device })
  probability:index_copy_(1, classes, own)
  local open = torch.zeros(self.numbers, { dtype = "bool", device = p.device }):index_fill_(0, classes, true)
  return {
    y = classes:index_select(0, logits:index_select(1, self.columns:to(logits.device)):argmax(1)),
    probability = probability,
    scores = probability / probability:sum(1, true):clamp_min(1e-12), classes = classes,
    set = probability:ge(self.module.threshold):logical_and(open),
  }
end

--- From here on the classes of this dataset are told apart: a list of their numbers.
function LabelSet:evaluate(numbers)
  local columns = {}
  for i, number in ipairs(numbers) do columns[i] = number - self.first end
  self.classes = keep(torch.tensor(numbers, { dtype = "int64" }))
  self.columns = keep(torch.tensor(columns, { dtype = "int64" }))
end

--- The probability from which on a class is in a predicted set; kept with the weights.
function LabelSet:set_threshold(value) self.module.threshold:fill_(value) end

-- Everything above a label: what lies on its paths where there are too many to go along each.
local function above(graph, label, parents)
  local seen, open, list = { [label] = true }, { label }, {}
  while #open > 0 do
    for _, parent in ipairs(parents[table.remove(open)] or {}) do
      if not seen[parent] then
        seen[parent] = true
        open[#open + 1], list[#list + 1] = parent, { label, parent }
      end
    end
  end
  return list
end

local function parents_of(graph)
  local parents = {}
  for _, edge in ipairs(graph:edges()) do
    if edge[1] ~= graph:root() then
      local child = graph:token(edge[2])
      parents[child] = parents[child] or {}
      table.insert(parents[child], graph:token(edge[1]))
    end
  end
  return parents
end

-- Tokens label long [N] and node long [N]: which nodes count for which label, each pair once, by labels.
local function pairs_on_paths(graph, which)
  local labels = {}
  for i, name in ipairs(graph:labels()) do labels[i] = graph:token(name) end
  labels = torch.tensor(labels, { dtype = "int64" })
  local all = { torch.stack({ labels, labels }, 1) }
  if which ~= "self" then
    local found = graph:path_tensors()
    if #found.skipped > 0 and which == "det" then
      error(("label '%s' has %.0f paths, too many to tell the deterministic ones; write paths = \"all\", or trim the "
        .. "graph"):format(found.skipped[1], graph:path_count(found.skipped[1])), 0)
    end
    local lengths = found.begin["1:"] - found.begin["0:-1"]
    local function of_nodes(of_paths) return of_paths:repeat_interleave(lengths) end
    local on = torch.stack({ of_nodes(found.label:long()), found.tokens:long() }, 1)
    if which == "det" then on = on:index_select(0, of_nodes(found.deterministic):nonzero():flatten()) end
    all[2] = on
    local parents = #found.skipped > 0 and parents_of(graph)
    for _, name in ipairs(found.skipped) do
      local list = above(graph, graph:token(name), parents)
      if #list > 0 then all[#all + 1] = torch.tensor(list, { dtype = "int64" }) end
    end
  end
  local found, most = torch.cat(all), graph:size() + 1
  local keys = torch.unique(found:select(1, 0) * most + found:select(1, 1)) -- a number a pair sorts sooner than rows
  return keys:div(most, { rounding_mode = "floor" }), keys:remainder(most)
end

-- Of each number of a class, and last of none, the columns of its nodes: int32 [numbers + 1, most], filled up with
-- `width`. A row for each class times all nodes would be gigabytes for the nouns of WordNet.
local function columns_of_labels(graph, numbers, which)
  local width = graph:size()
  local label, node = pairs_on_paths(graph, which)
  local counts = label:bincount(nil, numbers + 1)
  local first = counts:cumsum(0) - counts
  local place = torch.arange(label:size(0)) - first:index_select(0, label)
  local columns = torch.full({ numbers + 1, math.max(1, counts:max():item()) }, width, { dtype = "int32" })
  return columns:index_put_({ label, place }, (node - 1):to "int32")
end

--- Label Set: every node of a label graph is a coin of its own, and a sample's target is all nodes on the paths to
-- its label (the label-space paper's baseline after Deng et al. 2014; the root is left out). Its class is the
-- evaluated label with the largest probability. Without a label graph each class is its only node: sigmoid outputs
-- for samples of several labels.
-- @usage head.label_set { paths = "all" }
return schema.declare("head.label_set", {
  { "paths", "one of all|det|self", "all",
    "which nodes count: of every path to the label, of the deterministic ones, or (self) the label alone" },
}, function(o, context)
  local graph, classes = context.graph, context.classes
  local width = graph and graph:size() or classes
  -- without a graph the columns are the classes; with one its nodes, of which number 1 is the first (0 ends a path)
  local columns = graph and columns_of_labels(graph, classes, o.paths)
    or torch.arange(classes + 1, { dtype = "int32" }):unsqueeze(1)
  local module = Linear(context.features, width)
  module:register_buffer("columns", columns, false)
  module:register_buffer("threshold", torch.tensor((context.decoding or {}).threshold or 0.5))
  local self = setmetatable({
    module = module, criterion = require "loss.bce" {}:build(context), loss = "bce", numbers = classes, width = width,
    first = graph and 1 or 0,
  }, LabelSet)
  local data, numbers = context.data, {}
  if data and data.evaluated then
    numbers = select(2, data:evaluated(context.evaluated or "test"))
  else
    for number = self.first, classes - 1 do numbers[#numbers + 1] = number end
  end
  self:evaluate(numbers)
  return self
end)
