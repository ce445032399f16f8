-- Learnt labels against WordNet, clusters of labels, statistics as Lua has them.
local t = require "test"
local evaluate = require "evaluate"
local metric = require "host.metric"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local system = require "host.system"

local nan = 0 / 0
local function is_nan(x) return x ~= x end
local function node(kind, options) return schema.find(kind)(options) end

-- tau_b of a head of these classes, evaluated on no sample at all or on these batches.
local function tau_b(tree, head, names, batches)
  local metrics = evaluate.metrics({ node("metric.tau_b", { tree = tree }) }, {},
    { classes = #names, class_names = names })
  local model = { head = function() return head end, eval = function() end, train = function() end,
                  predict = function(_, batch) return { y = batch.y, outputs = batch.outputs } end }
  local loader = { each = function()
    local i = 0
    return function()
      i = i + 1
      local batch = batches and batches[i] -- freed with its evaluation
      return batch and { y = batch.y:clone(), outputs = batch.outputs and batch.outputs:clone() }
    end
  end }
  local values = {}
  for _, pair in ipairs((evaluate.run(model, loader, metrics, "test"))) do values[pair[1]] = pair[2] end
  return values["test.tau_b"], values["test.tau_b_undefined"], metrics[1].metric
end

-- The same for a head whose label vectors these are.
local function of_vectors(tree, vectors, names)
  return tau_b(tree, { label_vectors = function() return vectors end }, names)
end

local cifar_tree = node("wordnet", "cifar10")
local cifar = { "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck" }

t.test("known answers 001-16 and 001-18: label vectors against WordNet", function()
  for id, set in pairs { ["001-16"] = "cifar10", ["001-18"] = "awa2" } do
    local case = oracle(id)
    local vectors = torch.tensor(case.input.label_vectors, { dtype = "float64" })
    local head = { label_vectors = function() return vectors end }
    local value, undefined, made = tau_b(node("wordnet", set), head, case.input.classes)
    t.near(value, case.expected.corr, case.tolerance)
    t.eq(undefined, nil)
    for i, each in ipairs(made:score().per_class) do t.near(each, case.expected.per_class[i], case.tolerance) end
    t.eq(schema.build(node("wordnet", set)).distances:totable(), case.expected.wordnet_distance)
  end
end)

t.test("heads without vectors: similarities, or the mean outputs of each class", function()
  local distances = schema.build(node("wordnet", "cifar10")).distances
  -- products of vectors whose distances these are, as classical scaling finds them; the tree is nearly Euclidean
  local centre = torch.eye(10, { dtype = "float64" }) - 0.1
  local products = centre:matmul(distances * distances):matmul(centre) * -0.5
  local value = tau_b(cifar_tree, { label_matrix = function() return products end }, cifar)
  t.ok(value > 0.8, tostring(value))
  -- outputs scattered around vectors
  local vectors = torch.tensor({ { 0, 0 }, { 1, 0 }, { 5, 5 }, { 9, 0 }, { 9, 1 },
                                 { 2, 2 }, { 4, 1 }, { 7, 7 }, { 3, 0 }, { 0, 4 } }, { dtype = "float64" })
  local expected = of_vectors(cifar_tree, vectors, cifar)
  local y = torch.tensor({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { dtype = "int64" })
  local function shifted(by) return { y = y, outputs = vectors + by } end
  local found = tau_b(cifar_tree, {}, cifar, { shifted(0.25), shifted(-0.75), shifted(0.5) })
  t.near(found, expected, 1e-12)
  -- a class without a sample is left out: of nine classes
  local most = vectors:narrow(0, 1, 9)
  local some = tau_b(cifar_tree, {}, cifar, { { y = y:narrow(0, 1, 9), outputs = most } })
  local nine = { unpack(cifar, 2) }
  t.near(some, (of_vectors(cifar_tree, most, nine)), 1e-12)
end)

t.test("where nothing can be ranked tau_b is nan, and the classes are counted", function()
  local value, undefined = of_vectors(cifar_tree, torch.eye(10), cifar)
  t.ok(is_nan(value))
  t.eq(undefined, 10)
  value, undefined = of_vectors(cifar_tree, torch.full({ 10, 3 }, nan), cifar)
  t.ok(is_nan(value))
  t.eq(undefined, 10)
  t.ok(is_nan((tau_b(cifar_tree, {}, cifar))), "no sample")
  -- one class apart from a centre that all others share: only its row is all ties
  local vectors = torch.zeros(10, 1, { dtype = "float64" })
  vectors[0]:fill_(1)
  value, undefined = of_vectors(cifar_tree, vectors, cifar)
  t.eq(undefined, 1)
  t.ok(not is_nan(value))
end)

t.test("classes of the data that the tree lacks are left out; too few are an error", function()
  local names = { "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot" }
  local given = schema.build(node("wordnet", "fashion_mnist")).distances
  local vectors = torch.zeros(10, 8, { dtype = "float64" })
  vectors:narrow(0, 1, 8):copy_(given)
  local rows = metric.distances(given)
  local value = of_vectors(node("wordnet", "fashion_mnist"), vectors, names)
  t.near(value, metric.semantic_score(rows, given).mean, 1e-12)
  t.raises(function() tau_b(cifar_tree, {}, { "cat", "dog", "spoon" }) end,
    "the tree has 2 of the data's 3 classes, at least 3 are needed")
  t.raises(function() tau_b(cifar_tree, {}, { "catt", "dgo" }) end, "did you mean 'cat'")
  t.raises(function() tau_b(cifar_tree, {}, cifar, { { y = torch.tensor { 0 } } }) end,
    "has no label vectors")
end)

t.test("a label graph is a tree too", function()
  local graph = schema.find "graph" "thing" {
    schema.find "block" "kind" { "animal", "vehicle" },
    schema.find "labels" "animals" { under = "animal", "cat", "dog" },
    schema.find "labels" "vehicles" { under = "vehicle", "car", "lorry" },
  }
  local vectors = torch.tensor({ { 0, 0 }, { 0, 1 }, { 5, 0 }, { 5, 1 } }, { dtype = "float64" })
  local value, undefined = of_vectors(graph, vectors, { "cat", "dog", "car", "lorry" })
  -- each row: one near label, two as far as each other in the graph, but not among the vectors
  t.near(value, 2 / math.sqrt(2 * 3), 1e-12)
  t.eq(undefined, nil)
end)

t.test("distances of other classes come from a dictionary of WordNet", function()
  if not system.stat "/usr/share/wordnet/data.noun" then
    t.skip "no /usr/share/wordnet/data.noun (Debian's wordnet-base)"
  end
  for _, set in ipairs { "cifar10", "fashion_mnist", "awa2" } do
    local known, synsets = require("wordnet." .. set), {}
    local found = metric.wordnet_distances(known.synsets)
    t.eq(found:totable(), known.distances)
    t.eq(#known.synsets, #known.classes)
  end
  local built = schema.build(node("wordnet", { synsets = { lorry = "truck.n.01", cat = "cat", dog = "n02084071" } }))
  local place = {}
  for i, class in ipairs(built.classes) do place[class] = i end
  t.eq(built.distances:totable()[place.cat][place.dog], 4)
  t.eq(built.distances:totable()[place.lorry][place.dog], 12)
  local function build(synsets) return function() schema.build(node("wordnet", { synsets = synsets })) end end
  t.raises(build { a = "cat", b = "cat.n.01" }, "2 classes are only 1 synsets")
  t.raises(build { a = "catt", b = "dog" }, "no noun synset 'catt'")
  t.raises(function() node("wordnet", {}) end, "give either a set of classes")
  t.raises(function() node("wordnet", "imagenet") end, "one of awa2, cifar10, fashion_mnist")
end)

t.test("known answer 001-19: average linkage; a dendrogram of it", function()
  local case = oracle "001-19"
  local linkage = metric.linkage(case.input.distance, "average")
  t.eq(linkage:totable(), case.expected.linkage)
  local dendrogram = metric.dendrogram(linkage, "descending")
  t.eq(dendrogram.order, { 3, 2, 1, 0 })
  t.eq(dendrogram.links[3], { cluster = 6, x = { 0.5, 0.5, 2.5, 2.5 }, y = { 4, 7.5, 7.5, 2 } })
  t.eq(metric.linkage({ { 0 } }, "single").shape, torch.zeros(0, 4).shape)
  t.raises(function() metric.linkage({ { 0, 1 }, { 1 } }) end, "row 2 of a matrix of 2 rows has 1 numbers")
  t.raises(function() metric.linkage(torch.zeros(2, 3)) end, "a square matrix")
  t.raises(function() metric.linkage({ { 0, 1 }, { 1, 0 } }, "avrage") end, "did you mean 'average'?")
  t.raises(function() metric.dendrogram(torch.zeros(2, 3)) end, "a linkage [K - 1, 4]")
end)

t.test("known answer 001-14: tau-b; lists and tensors alike", function()
  local case = oracle "001-14"
  local x, y, expected = case.input.x, case.input.y, case.expected.tau_b
  t.near(metric.kendall_tau_b(x, y), expected, case.tolerance)
  t.near(metric.kendall_tau_b(torch.tensor(x), torch.tensor(y)), expected, case.tolerance)
  t.raises(function() metric.kendall_tau_b({ 1, "a" }, { 1, 2 }) end, "a list of numbers has 'a' at place 2")
  t.raises(function() metric.kendall_tau_b(3, { 1 }) end, "a list of numbers or a tensor")
end)

t.test("statistics of seeds", function()
  local a, b = { 0.912, 0.905, 0.921, 0.917, 0.909 }, { 0.904, 0.901, 0.915, 0.918, 0.900 }
  local test = metric.paired_t(a, b)
  t.near(test.statistic, 2.9345297695121224, 1e-10)
  t.near(test.p, 0.04262083042147964, 1e-12)
  t.eq({ test.df, metric.wilcoxon(a, b).p }, { 4, 0.125 })
  t.near(metric.confidence_interval(a).high, 0.9206725805981458, 1e-12)
  t.near(metric.spread(a).deviation, 0.006340346993658949, 1e-14)
  t.near(metric.student_quantile(0.95, 4), 2.7764451051977934, 1e-10)
  t.eq(metric.holm { 0.01, 0.04, 0.03, 0.005 }, { 0.03, 0.06, 0.06, 0.02 })
end)
