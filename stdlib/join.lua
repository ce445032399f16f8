local alike = require "join.alike"
local contents = require "join.contents"
local data = require "host.data"
local dataset = require "dataset"
local leaks = require "join.leaks"
local mistakes = require "join.mistakes"
local nearest = require "language.nearest"
local schema = require "schema"

local Join = {}
Join.__index = Join

--- The dataset whose classes count on a split, and the token of each: the one named ("pets.test"), else the one that
-- has the split, else the first.
function Join:evaluated(split)
  local own, kind = split:match "^(.*)%.([^.]*)$"
  local found = 1
  for i = #self.parts, 1, -1 do
    local part = self.parts[i]
    if part.name == own or not own and part.sets[kind or split] then found = i end
  end
  return self.parts[found], self.targets[found]
end

-- The sources { { set, targets, normalise }, ... } of a split: "train" is all datasets' training images; "test" and
-- "val" are the split of the only dataset that has one; "digits.test" names it.
function Join:sources(split)
  local own, kind = split:match "^(.*)%.([^.]*)$"
  kind = kind or split
  local found, having = {}, {}
  for i, part in ipairs(self.parts) do
    if part.sets[kind] then
      having[#having + 1] = part.name .. "." .. kind
      if not own or own == part.name then
        found[#found + 1] = dataset.source(part, part.sets[kind], self.targets[i])
      end
    end
  end
  if own and #found == 0 then
    local splits = self:splits()
    error(("join: no split '%s'%s (%s)"):format(split, nearest.did_you_mean(split, splits),
      table.concat(splits, ", ")), 0)
  elseif #found == 0 then
    error(("join: none of its datasets has a split '%s'"):format(split), 0)
  elseif #found > 1 and kind ~= "train" then
    error(("join: several datasets have a split '%s': write one of %s"):format(kind, table.concat(having, ", ")), 0)
  end
  return found
end

--- Batches of a split, as a dataset gives them; y is the token of the sample's label (class_names[y + 1]
-- is its name), domain the dataset (from 0).
function Join:loader(split, options)
  return dataset.loader(self:sources(split), split, self, options)
end

--- The shape [C, H, W] of the images as a model sees them, after the datasets' transforms; {} of texts.
function Join:image() return dataset.shape(dataset.source(self.parts[1], self.parts[1].sets.train)) end

--- The splits there are: { "digits.train", "digits.test", "strokes.train" }.
function Join:splits()
  local names = {}
  for _, part in ipairs(self.parts) do
    for _, split in ipairs(part:splits()) do names[#names + 1] = part.name .. "." .. split end
  end
  return names
end

--- SHA-256 of each split: { ["digits.train"] = "8aba...", ... }
function Join:fingerprints()
  local prints = {}
  for _, part in ipairs(self.parts) do
    for split, print in pairs(part:fingerprints()) do prints[part.name .. "." .. split] = print end
  end
  return prints
end

--- What is joined, see join/contents.lua. It prints as tables.
function Join:report() return contents(self) end

-- The names of all tokens of a graph, so that names[y + 1] names the token y, and the tokens of each dataset's classes.
-- Token 0 ends a path; 1, 2, ... are the nodes below the root. Mistakes of several datasets are told together.
local function bind(nodes, parts, graph)
  local names, targets = { "<eop>" }, {}
  for _, name in ipairs(graph:names()) do names[#names + 1] = name end
  mistakes.each(nodes, function(i, node)
    targets[i] = mistakes.of(node, data.bind_classes, parts[i].sets.train, names)
    for _, token in ipairs(targets[i]) do graph:bind(token) end
  end)
  return names, targets
end

-- `subset` training samples altogether: of each dataset in proportion to what it has, chosen at random.
local function cut(o, parts)
  local total, before, given = 0, 0, 0
  for _, part in ipairs(parts) do total = total + part.sets.train:size() end
  if o.subset > total then
    error(("join: subset = %d, but its datasets have %d training samples"):format(o.subset, total), 0)
  end
  mistakes.each(o.datasets, function(i, node)
    local part = parts[i]
    local size = part.sets.train:size()
    before = before + size
    local take = math.floor(before * o.subset / total + 0.5) - given
    given = given + take
    if take == 0 then
      mistakes.at(node, ("subset = %d of %d training samples leaves none of '%s', which has %d"):format(o.subset, total,
        part.name, size))
    end
    local chosen = part.sets.train:partition(o.split_seed, false):take_front({ total = take }, "train")
    part.sets = dataset.replaced(part.sets, chosen)
  end)
end

-- An epoch that has nothing of a dataset is a mistake of its `draw`.
local function shares(o, parts)
  local sizes, draw = {}, {}
  for i, part in ipairs(parts) do sizes[i], draw[i] = part.sets.train:size(), part.draw or 1 end
  local done, failure = pcall(dataset.host, data.epoch_shares, sizes, { mix = o.mix, draw = draw })
  if done then return end
  local i = tonumber(tostring(failure):match "dataset (%d+) %(from 0%)") + 1
  mistakes.at(o.datasets[i], ("an epoch has none of the %d training samples of '%s' with draw = %g"):format(sizes[i],
    parts[i].name, draw[i]))
end

--- Several datasets on the nodes of one label graph. A class stands for the node of its name; `labels` of a dataset
-- gives it other names. The samples keep their own labels: fine ones, coarse ones, attributes; classes of several
-- datasets that have one name are one label. Each dataset has a `weight` of its samples' loss, a `draw` (how often it
-- is drawn from), a `transform` and an `augment` of its own:
--
--     join { graph = g, mix = "balanced", augment = { flip {} },
--       pets { weight = 2 },
--       drawings { draw = 0.5, augment = {}, transform = function(image) return 1 - image end } }
-- @usage join { graph = graph.load "digits", mnist5k { per_class = 30 }, batch = 32 }
return schema.declare("join", {
  { "graph", "node graph", schema.required, "the label graph" },
  { "datasets", "list of node data", schema.required, "what is joined", at = "rest" },
  { "batch", "integer > 0", 32, "samples a batch" },
  { "mix", "one of proportional|balanced|round-robin", "proportional",
    "every sample once an epoch; or every dataset equally often; or batches of one dataset in turn; `draw` of a "
      .. "dataset gives it more or less of it" },
  { "augment", "list of (node augment or function)", schema.optional,
    "random changes of the training images of every dataset that has no `augment` of its own" },
  { "subset", "integer > 0", schema.optional,
    "training samples altogether, of each dataset in proportion to what it has; all where absent" },
  { "split_seed", "integer >= 0", 0, "seed of that choice" },
  { "duplicates", "integer >= 0 or one of refuse|drop|keep", "refuse",
    "training samples that are also samples of a test or validation split of the join, pixel by pixel or letter by letter:"
      .. " an error, left out of training, or kept, so many of a dataset at most; the report tells them" },
  { "last", "one of keep|drop", "keep", "what becomes of a last batch of training that is not full" },
}, function(o, context)
  local parts = {}
  mistakes.each(o.datasets, function(i, node)
    parts[i] = mistakes.of(node, schema.build, node, context)
    if not parts[i].augment and o.augment then parts[i].augment = dataset.steps(o.augment) end
  end)
  -- The labels are bound to the graph as it was written; what is trimmed from it afterwards are other nodes.
  local whole = o.graph
  while whole.kind:find ":" do whole = whole.args.of end
  local graph, names, targets, stay, dropped = schema.build(whole, context)
  mistakes.together {
    function() names, targets = bind(o.datasets, parts, graph) end,
    function() alike(o.datasets, parts) end,
    function() stay, dropped = leaks(o.datasets, parts, o.duplicates) end,
  }
  if o.subset then cut(o, parts) end
  shares(o, parts)
  if whole ~= o.graph then
    local labels = {}
    for _, part in ipairs(parts) do
      for _, name in ipairs(part.class_names) do labels[#labels + 1] = name end
    end
    graph = schema.build(o.graph, setmetatable({ labels = labels }, { __index = context }))
    names, targets = bind(o.datasets, parts, graph)
  end
  return setmetatable({
    graph = graph, parts = parts, targets = targets, class_names = names, classes = #names,
    batch = o.batch, mix = o.mix, last = o.last, leaks = stay, dropped = dropped,
  }, Join)
end, {
  metadata = { size = { function(o)
    local sum = 0
    for _, node in ipairs(o.subset and {} or o.datasets) do sum = sum + node.size end
    return o.subset or sum
  end, depends = { "datasets", "subset" } } },
  check = function(o)
    if #o.datasets == 0 then return "it joins nothing: write the datasets into its table", "datasets" end
    local seen = {}
    for _, node in ipairs(o.datasets) do
      local name = schema.is_node(node) and node.args.name
      if name and seen[name] then
        return ("two datasets are called '%s': give one of them a name = ..."):format(name), "datasets"
      end
      seen[name or ""] = true
    end
  end,
})
