local data = require "host.data"
local dataset = require "dataset"
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

local Report = { __tostring = function(report) return require "report.join".text(report) end }

local enumerated = 10000 -- paths of a label whose kinds are told

-- The paths of each label, and the samples of each node that lies on one of its label's paths.
local function on_paths(graph, labels, datasets)
  local paths, nodes = {}, {}
  for token, name in ipairs(graph:names()) do
    nodes[token] = { name = name, label = graph:is_label(token), samples = {} }
    for i = 1, datasets do nodes[token].samples[i] = 0 end
  end
  for i, label in ipairs(labels) do
    local count = graph:path_count(label.node)
    paths[i] = { label = label.name, paths = count }
    if count <= enumerated then
      local found = { det = 0, nondet = 0 }
      local seen = {}
      for _, path in ipairs(graph:paths(label.node)) do
        found[path.kind] = found[path.kind] + 1
        for _, name in ipairs(path.path) do seen[graph:token(name)] = true end
      end
      paths[i].det, paths[i].nondet = found.det, found.nondet
      for token in pairs(seen) do
        for d, samples in ipairs(label.samples) do nodes[token].samples[d] = nodes[token].samples[d] + samples end
      end
    end
  end
  return paths, nodes
end

--- What is joined: { datasets = { { name, train, val, test, classes, weight, draw, epoch = samples an epoch has }, ... },
--   labels = { { name, node, samples = of each dataset's training images }, ... } in the order of the nodes,
--   shared = the names of labels that several datasets have,
--   overlaps = { { a, b, samples }, ... } of training images that are in two datasets,
--   leaks = { { a, "b.test", samples }, ... } of training samples that are tested on, where `duplicates` lets them stay,
--   dropped = the same of those that were left out of training for it,
--   paths = { { label, paths, det, nondet }, ... } of each of labels: how many, and of which kind,
--   nodes = { { name, label = boolean, samples = of each dataset's training images }, ... }: on whose paths it lies }
-- It prints as tables.
function Join:report()
  local report = setmetatable({ datasets = {}, labels = {}, shared = {}, overlaps = {}, leaks = self.leaks,
                                dropped = self.dropped }, Report)
  local pairs_of, sizes, draw = {}, {}, {}
  for i, part in ipairs(self.parts) do sizes[i], draw[i] = part.sets.train:size(), part.draw or 1 end
  local shares = data.epoch_shares(sizes, { mix = self.mix, draw = draw })
  for i, part in ipairs(self.parts) do
    local row = { name = part.name, classes = part.classes, weight = part.weight or 1, draw = draw[i], epoch = shares[i] }
    for _, split in ipairs(part:splits()) do row[split] = part.sets[split]:size() end
    report.datasets[i], pairs_of[i] = row, { part.sets.train, self.targets[i] }
    for j = 1, i - 1 do
      local both = self.parts[j].sets.train:overlap(part.sets.train)
      if both > 0 then table.insert(report.overlaps, { self.parts[j].name, part.name, both }) end
    end
  end
  report.labels = data.count_labels(pairs_of, self.class_names)
  local carriers = {}
  for i in ipairs(self.parts) do
    for _, node in ipairs(self.targets[i]) do carriers[node] = (carriers[node] or 0) + 1 end
  end
  for _, label in ipairs(report.labels) do
    if carriers[label.node] > 1 then table.insert(report.shared, label.name) end
  end
  report.paths, report.nodes = on_paths(self.graph, report.labels, #self.parts)
  return report
end

-- A mistake that only reading finds stands where the dataset is written, not where the join is.
local Located = { __tostring = function(failure)
  local place = failure.position or {}
  return ("%s:%s:%s: %s"):format(place.file or "?", place.line or 0, place.column or 0, failure.message)
end }

local function fail_at(node, message)
  error(setmetatable({ position = node.position, message = message }, Located), 0)
end

-- Calls a function for a dataset: what goes wrong stands where the dataset is written.
local function for_node(node, call, ...)
  local results = { pcall(dataset.host, call, ...) }
  if results[1] then return unpack(results, 2, table.maxn(results)) end
  if type(results[2]) ~= "string" then error(results[2], 0) end
  fail_at(node, results[2])
end

-- Calls a function for each dataset; what is wrong with several of them is told together.
local function for_each(nodes, call)
  local mistakes = {}
  for i, node in ipairs(nodes) do
    local done, failure = pcall(call, i, node)
    if not done and (type(failure) ~= "table" or not failure.message) then error(failure, 0) end
    if not done then
      for _, mistake in ipairs(failure.mistakes or { failure }) do
        for line in mistake.message:gmatch "[^\n]+" do
          mistakes[#mistakes + 1] = { position = mistake.position or node.position, message = line }
        end
      end
    end
  end
  if #mistakes == 0 then return end
  local lines = {}
  for i, mistake in ipairs(mistakes) do lines[i] = mistake.message end
  error(setmetatable({ position = mistakes[1].position, message = table.concat(lines, "\n"), mistakes = mistakes }, Located), 0)
end

-- A sample that is trained on and tested on makes every number of the test a lie: it is refused, left out of training, or
-- kept where the benchmark itself has it, and told in the report.
-- @return { { trained on, "tested.on", samples }, ... } of those that stay, and of those that were left out
local function leaks(nodes, parts, duplicates)
  local stay, dropped = {}, {}
  for_each(nodes, function(i)
    local trained = parts[i]
    local train, tested_on, found, most = trained.sets.train, {}, {}, 0
    for _, tested in ipairs(parts) do
      for _, split in ipairs { "val", "test" } do
        local held = tested.sets[split]
        local both = held and train:overlap(held) or 0
        if both > 0 then
          tested_on[#tested_on + 1], most = held, math.max(most, both)
          found[#found + 1] = { trained.name, tested.name .. "." .. split, both }
        end
      end
    end
    if #found > 0 and (duplicates == "refuse" or most > (tonumber(duplicates) or math.huge)) then
      local others = {}
      for k = 2, #found do others[k - 1] = ("%d in %s"):format(found[k][3], found[k][2]) end
      fail_at(nodes[i], ("%d training %s of '%s' %s in %s too%s; leave them out of training by duplicates = \"drop\" in the "
        .. "join, keep the sets apart by skip and per_class, or write duplicates = %d where the benchmark itself has them")
        :format(found[1][3], (train:is_text() and "text" or "image") .. (found[1][3] == 1 and "" or "s"), trained.name,
          found[1][3] == 1 and "is" or "are", found[1][2],
          #others > 0 and (", and %s"):format(table.concat(others, ", ")) or "", most))
    end
    for _, leak in ipairs(found) do table.insert(duplicates == "drop" and dropped or stay, leak) end
    if duplicates == "drop" and #tested_on > 0 then
      local sets = {}
      for split, set in pairs(trained.sets) do sets[split] = set end
      sets.train = for_node(nodes[i], train.without, train, unpack(tested_on))
      trained.sets = sets
    end
  end)
  return stay, dropped
end

local function shape_text(shape) return "[" .. table.concat(shape, ", ") .. "]" end

-- A model takes images of one shape, or texts: of all datasets, in training and in evaluation.
local function check_alike(nodes, parts)
  local first
  for_each(nodes, function(i)
    local part, set = parts[i], parts[i].sets.train
    local source = dataset.source(part, set)
    local changed = source.transform or #(source.augment or {}) > 0
    local kind = set:is_text() and "texts" or "images"
    local shapes = { for_node(nodes[i], dataset.shape, source, true), changed and for_node(nodes[i], dataset.shape, source) or nil }
    first = first or { name = part.name, kind = kind, shapes = shapes }
    if kind ~= first.kind then
      fail_at(nodes[i], ("'%s' holds %s, and '%s' %s: a join is of images or of texts"):format(part.name, kind, first.name, first.kind))
    end
    for k = 1, 2 do
      local shape, other = shape_text(shapes[k] or shapes[1]), shape_text(first.shapes[k] or first.shapes[1])
      if shape ~= other then
        fail_at(nodes[i], ("%simages of '%s' are %s%s, those of '%s' %s: a join needs one shape; a transform can give it, as "
          .. "can `side` of pictures in folders"):format(k == 1 and changed and "training " or "", part.name, shape,
          changed and " once they are transformed" or "", first.name, other))
      end
    end
  end)
end

-- The names of all tokens of a graph, so that names[y + 1] names the token y, and the tokens of each dataset's classes.
-- Token 0 ends a path; 1, 2, ... are the nodes below the root. Mistakes of several datasets are told together.
local function bind(nodes, parts, graph)
  local names, targets = { "<eop>" }, {}
  for _, name in ipairs(graph:names()) do names[#names + 1] = name end
  for_each(nodes, function(i, node)
    targets[i] = for_node(node, data.bind_classes, parts[i].sets.train, names)
    for _, token in ipairs(targets[i]) do graph:bind(token) end
  end)
  return names, targets
end

--- Several datasets on the nodes of one label graph. A class stands for the node of its name; `labels` of a dataset
-- gives it other names. The samples keep their own labels: fine ones, coarse ones, attributes; classes of several
-- datasets that have one name are one label. Each dataset has a `weight` of its samples' loss, a `draw` (how often it is
-- drawn from), a `transform` and an `augment` of its own:
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
    "every sample once an epoch; or every dataset equally often; or batches of one dataset in turn; `draw` of a dataset "
      .. "gives it more or less of it" },
  { "augment", "list of (node augment or function)", schema.optional,
    "random changes of the training images of every dataset that has no `augment` of its own" },
  { "duplicates", "integer >= 0 or one of refuse|drop|keep", "refuse",
    "training samples that are also samples of a test or validation split of the join, pixel by pixel or letter by letter: "
      .. "an error, left out of training, or kept, so many of a dataset at most; the report tells them" },
  { "last", "one of keep|drop", "keep", "what becomes of a last batch of training that is not full" },
}, function(o, context)
  local parts = {}
  for_each(o.datasets, function(i, node)
    parts[i] = for_node(node, schema.build, node, context)
    if not parts[i].augment and o.augment then parts[i].augment = dataset.steps(o.augment) end
  end)
  local stay, dropped = leaks(o.datasets, parts, o.duplicates)
  check_alike(o.datasets, parts)
  -- The labels are bound to the graph as it was written; what is trimmed from it afterwards are other nodes.
  local whole = o.graph
  while whole.kind:find ":" do whole = whole.args.of end
  local graph = schema.build(whole, context)
  local names, targets = bind(o.datasets, parts, graph)
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
    for _, node in ipairs(o.datasets) do sum = sum + node.size end
    return sum
  end, depends = { "datasets" } } },
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
