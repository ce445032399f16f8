local data = require "host.data"

local Contents = { __tostring = function(report) return require "report.join".text(report) end }

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

--- What is joined:
-- { datasets = { { name, train, val, test, classes, weight, draw, epoch = samples an epoch has }, ... },
--   labels = { { name, node, samples = of each dataset's training images }, ... } in the order of the nodes,
--   shared = the names of labels that several datasets have,
--   overlaps = { { a, b, samples }, ... } of training images that are in two datasets,
--   leaks = { { a, "b.test", samples }, ... } of training samples that are tested on, where `duplicates` lets them
--     stay,
--   dropped = the same of those that were left out of training for it,
--   paths = { { label, paths, det, nondet }, ... } of each of labels: how many, and of which kind,
--   nodes = { { name, label = boolean, samples = of each dataset's training images }, ... }: on whose paths it lies }
-- It prints as tables.
return function(self)
  local report = setmetatable({ datasets = {}, labels = {}, shared = {}, overlaps = {}, leaks = self.leaks,
                                dropped = self.dropped }, Contents)
  local pairs_of, sizes, draw = {}, {}, {}
  for i, part in ipairs(self.parts) do sizes[i], draw[i] = part.sets.train:size(), part.draw or 1 end
  local shares = data.epoch_shares(sizes, { mix = self.mix, draw = draw })
  for i, part in ipairs(self.parts) do
    local row = { name = part.name, classes = part.classes, weight = part.weight or 1, draw = draw[i],
                  epoch = shares[i] }
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
