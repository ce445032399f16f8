local schema = require "schema"
local Linear = require "nn.linear"

local LabelSet = {}
LabelSet.__index = LabelSet

--- features [B, F] -> logits of the nodes [B, V]
function LabelSet:forward(features) return self.module(features) end

-- Multi-hot rows [B, V]: the nodes of all paths to a sample's labels; for soft labels the expected rows.
local function nodes_of(self, target)
  local rows, y = self.module.rows, target.y
  if target.t and not (y and y.ndim == 2) then
    return target.t:to(rows.dtype):matmul(rows:index_select(0, self.module.row_of["0:-1"]))
  end
  local places = y:flatten():remainder(self.numbers + 1) -- -1, which names none, comes last
  local named = self.module.row_of:index_select(0, places)
  local t = rows:index_select(0, named)
  return y.ndim == 2 and t:view(y:size(0), y:size(1), -1):amax(1) or t
end

--- Named loss terms for logits [B, V] and a target { y long[B] or [B, K], or t, w, ignore }.
function LabelSet:losses(logits, target, criterion)
  local t = nodes_of(self, target)
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
  for i, number in ipairs(numbers) do columns[i] = self.column_of[number] end
  self.classes = keep(torch.tensor(numbers, { dtype = "int64" }))
  self.columns = keep(torch.tensor(columns, { dtype = "int64" }))
end

--- The probability from which on a class is in a predicted set; kept with the weights.
function LabelSet:set_threshold(value) self.module.threshold:fill_(value) end

-- Columns of the output (1, 2, ...) on the paths of a label.
local function columns_on_paths(graph, label, which)
  local columns = { [label] = true }
  if which == "self" then return columns end
  for _, path in ipairs(graph:paths(label)) do
    if which == "all" or path.kind == "det" then
      for _, node in ipairs(path.path) do columns[graph:token(node)] = true end
    end
  end
  return columns
end

-- What the numbers of classes mean: { width, rows = multi-hot rows, row_of = of each number, column_of = of each
-- number }. With a graph the columns are its nodes; without one the classes themselves.
local function targets(o, context)
  local n, graph = context.classes, context.graph
  local made = { rows = {}, row_of = {}, column_of = {}, width = graph and graph:size() or n }
  local function row(columns)
    local values = {}
    for i = 1, made.width do values[i] = columns[i] and 1 or 0 end
    made.rows[#made.rows + 1] = values
    return #made.rows - 1
  end
  local none = row {}
  for number = 0, n - 1 do
    if not graph then
      made.row_of[number + 1], made.column_of[number] = row { [number + 1] = true }, number
    elseif number > 0 then -- number 0 ends a path
      made.column_of[number] = number - 1
      made.row_of[number + 1] = graph:is_label(number) and row(columns_on_paths(graph, number, o.paths)) or none
    else
      made.row_of[1] = none
    end
  end
  made.row_of[n + 1] = none
  return made
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
  local made = targets(o, context)
  local module = Linear(context.features, made.width)
  module:register_buffer("rows", torch.tensor(made.rows, { dtype = "float32" }), false)
  module:register_buffer("row_of", torch.tensor(made.row_of, { dtype = "int64" }), false)
  module:register_buffer("threshold", torch.tensor((context.decoding or {}).threshold or 0.5))
  local self = setmetatable({
    module = module, criterion = require "loss.bce" {}:build(context), loss = "bce", numbers = context.classes,
    column_of = made.column_of,
  }, LabelSet)
  local data, numbers = context.data, {}
  if data and data.evaluated then
    numbers = select(2, data:evaluated(context.evaluated or "test"))
  else
    for number = 0, context.classes - 1 do
      if made.column_of[number] then numbers[#numbers + 1] = number end
    end
  end
  self:evaluate(numbers)
  return self
end)
