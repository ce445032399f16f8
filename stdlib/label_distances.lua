--- Distances between labels, and how alike they are: as a head has learnt them, as given vectors say, or along a tree.
local metric = require "host.metric"
local nearest = require "language.nearest"
local predictions = require "predictions"
local schema = require "schema"

local label_distances = {}

--- @return { names, distances = float64 [K, K], similarities = float [K, K] or nil, what = "distance between ..." }
-- Of a head: between its label vectors; where it has similarities instead, between vectors with these products; where it
-- has neither, between the mean outputs of each class over the split that is evaluated.
function label_distances.of_model(made, head)
  local found = predictions.of(made, { head = head })
  local object = found.object
  if object and object.label_vectors then
    return { names = found.names, distances = metric.distances(object:label_vectors():detach()), what = "distance of labels" }
  end
  if object and object.label_matrix then
    local matrix = object:label_matrix():detach()
    return { names = found.names, distances = metric.similarity_distances(matrix), similarities = matrix,
             what = "distance of labels" }
  end
  if not found.centroids then error("this head has no label vectors, and its outputs give no centroids of classes", 0) end
  local sums, counts = found.centroids.sums, found.centroids.counts
  local names, rows = {}, {}
  for i, count in ipairs(counts:totable()) do
    if count > 0 then
      names[#names + 1], rows[#rows + 1] = found.names[i], i - 1
    end
  end
  local index = torch.tensor(rows, { dtype = "int64" })
  return { names = names, what = ("distance of mean outputs (%s)"):format(found.split),
           distances = metric.distances(sums:index_select(0, index) / counts:index_select(0, index):unsqueeze(1)) }
end

-- A matrix given by a user, as float64 on the CPU.
local function matrix(value, what)
  local made = torch.is_tensor(value) and value:detach():to("cpu", "float64") or torch.tensor(value, { dtype = "float64" })
  if made.ndim ~= 2 then error(("%s must be a matrix, got %s"):format(what, tostring(made.shape)), 0) end
  return made
end

--- What the options { distances, vectors, labels, head } of a plot give, or a source's model.
function label_distances.of(o, source, kind)
  if o.distances ~= nil or o.vectors ~= nil then
    if o.distances ~= nil and o.vectors ~= nil then error(kind .. ": give either distances or vectors", 0) end
    local distances = o.distances ~= nil and matrix(o.distances, kind .. ": distances")
      or metric.distances(matrix(o.vectors, kind .. ": vectors"))
    local k = distances:size(0)
    if distances:size(1) ~= k then error(("%s: distances must be square, got %s"):format(kind, tostring(distances.shape)), 0) end
    if o.labels and #o.labels ~= k then error(("%s: %d labels for %d rows"):format(kind, #o.labels, k), 0) end
    local names = o.labels
    if not names then
      names = {}
      for i = 1, k do names[i] = tostring(i - 1) end
    end
    return { names = names, distances = distances, what = "distance" }
  end
  if not source then require "plotting".without_source(kind, "give distances = ... or vectors = ...") end
  return label_distances.of_model(source:model(kind), o.head)
end

--- The distances of a tree (a node wordnet or graph) between those of `names` that it has.
-- @return { names, distances, what }; errors where it has fewer than two of them
function label_distances.of_tree(node, names)
  local built, what = schema.build(node, {}), "steps in WordNet"
  local known = built.classes
  if node.kind ~= "wordnet" then
    what, known = "steps in the label graph", {}
    local there = {}
    for _, name in ipairs(names) do there[name] = true end
    for _, name in ipairs(built:names()) do
      if there[name] then known[#known + 1] = name end
    end
    if #known > 1 then built = { classes = known, distances = metric.graph_distances(built, known) } end
  end
  local place, shared, index = {}, {}, {}
  for i, name in ipairs(known) do place[name] = i - 1 end
  for _, name in ipairs(names) do
    if place[name] then
      shared[#shared + 1], index[#index + 1] = name, place[name]
    end
  end
  if #shared < 2 then
    error(("the tree has %d of the %d classes: '%s' is not among them%s"):format(#shared, #names, names[1],
      nearest.did_you_mean(names[1], known)), 0)
  end
  return { names = shared, distances = label_distances.among(built.distances, index), what = what }
end

--- The rows and columns of a square matrix whose numbers (from 0) are in a list.
function label_distances.among(matrix_of_all, numbers)
  local index = torch.tensor(numbers, { dtype = "int64" })
  return matrix_of_all:index_select(0, index):index_select(1, index)
end

--- What an experiment cannot give the plots of labels, said before training.
function label_distances.ready(kind)
  return function(o, made)
    if o.distances ~= nil or o.vectors ~= nil then return nil end
    if made.model.decisions then return kind .. ": a path_decoder has neither label vectors nor outputs of classes" end
    local problem = predictions.problem(made, o.head)
    return problem and kind .. ": " .. problem
  end
end

--- The fields of constructors that draw them.
label_distances.fields = {
  { "distances", "any", schema.optional, "between labels, [K, K]; what a run's head has learnt where absent" },
  { "vectors", "any", schema.optional, "of labels, [K, D], in place of distances" },
  { "labels", "list of string", schema.optional, "names of the K labels" },
  { "head", "string", schema.optional, "which head of several; that of the main metric where absent" },
}

return label_distances
