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
      if not own or own == part.name then found[#found + 1] = { part.sets[kind], self.targets[i], part.normalise, augment = part.augment } end
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

--- What is joined: { datasets = { { name, train, val, test, classes }, ... },
--   labels = { { name, node, samples = of each dataset's training images }, ... } in the order of the nodes,
--   shared = the names of labels that several datasets have,
--   overlaps = { { a, b, samples }, ... } of training images that are in two datasets,
--   leaks = { { a, "b.test", samples }, ... } of training samples that are tested on (at most `duplicates` of them),
--   paths = { { label, paths, det, nondet }, ... } of each of labels: how many, and of which kind,
--   nodes = { { name, label = boolean, samples = of each dataset's training images }, ... }: on whose paths it lies }
-- It prints as tables.
function Join:report()
  local report = setmetatable({ datasets = {}, labels = {}, shared = {}, overlaps = {}, leaks = self.leaks }, Report)
  local pairs_of = {}
  for i, part in ipairs(self.parts) do
    local row = { name = part.name, classes = part.classes }
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

-- A sample that is trained on and tested on makes every number of the test a lie. Some benchmarks come with such
-- samples: then they are kept where that is said, and counted.
local function leaks(parts, allowed)
  local found = {}
  for _, trained in ipairs(parts) do
    for _, tested in ipairs(parts) do
      for _, split in ipairs { "val", "test" } do
        local held = tested.sets[split]
        local both = held and trained.sets.train:overlap(held) or 0
        if both > 0 then
          found[#found + 1] = { trained.name, tested.name .. "." .. split, both }
          if both > allowed then
            local set = trained.sets.train
            error(("join: %d training %s of '%s' are in %s.%s; choose parts by skip and per_class that stay apart, "
              .. "or write duplicates = %d where the benchmark itself has them"):format(both,
              set:is_text() and "texts" or "images", trained.name, tested.name, split, both), 0)
          end
        end
      end
    end
  end
  return found
end

-- A mistake that only reading finds stands where the dataset is written, not where the join is.
local Located = { __tostring = function(failure)
  local place = failure.position or {}
  return ("%s:%s:%s: %s"):format(place.file or "?", place.line or 0, place.column or 0, failure.message)
end }

local function fail_at(node, message)
  error(setmetatable({ position = node.position, message = message }, Located), 0)
end

local function built(node, context)
  local done, result = pcall(schema.build, node, context)
  if done then return result end
  if type(result) ~= "string" then error(result, 0) end
  fail_at(node, result)
end

-- The names of all tokens of a graph, so that names[y + 1] names the token y, and the tokens of each dataset's classes.
-- Token 0 ends a path; 1, 2, ... are the nodes below the root.
local function bind(nodes, parts, graph)
  local names, targets, wrong, last = { "<eop>" }, {}, {}, nil
  for _, name in ipairs(graph:names()) do names[#names + 1] = name end
  for i, part in ipairs(parts) do
    local done, result = pcall(dataset.host, data.bind_classes, part.sets.train, names)
    if done then
      targets[i] = result
      for _, token in ipairs(result) do graph:bind(token) end
    else
      wrong[#wrong + 1], last = tostring(result), nodes[i]
    end
  end
  if #wrong == 1 then fail_at(last, wrong[1]) end
  if #wrong > 1 then error(table.concat(wrong, "\n"), 0) end
  return names, targets
end

--- Several datasets on the nodes of one label graph. A class stands for the node of its name; `labels` of a dataset
-- gives it other names. The samples keep their own labels: fine ones, coarse ones, attributes.
-- @usage join { graph = graph.load "digits", mnist5k { per_class = 30 }, batch = 32 }
return schema.declare("join", {
  { "graph", "node graph", schema.required, "the label graph" },
  { "datasets", "list of node data", schema.required, "what is joined", at = "rest" },
  { "batch", "integer > 0", 32, "samples a batch" },
  { "mix", "one of proportional|balanced|round-robin", "proportional",
    "every sample once an epoch; or every dataset equally often; or batches of one dataset in turn" },
  { "duplicates", "integer >= 0", 0,
    "most training samples of a dataset that may also be samples of a test or validation split; the report tells "
      .. "them" },
  { "last", "one of keep|drop", "keep", "what becomes of a last batch of training that is not full" },
}, function(o, context)
  local parts = {}
  for i, node in ipairs(o.datasets) do parts[i] = built(node, context) end
  local leaked = leaks(parts, o.duplicates)
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
    batch = o.batch, mix = o.mix, last = o.last,
    leaks = leaked,
  }, Join)
end, {
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
