-- The Label Set baseline: its targets, what it predicts, and samples of several labels.
local t = require "test"
local host_graph = require "host.graph"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"

local function cats()
  return host_graph.build {
    root = "animal", nodes = { "cat", "dog", "short", "solid", "tabby", "british", "mau" },
    edges = { { "animal", "cat" }, { "animal", "dog" }, { "cat", "short" }, { "cat", "solid" }, { "cat", "tabby" },
              { "short", "british" }, { "solid", "british" }, { "tabby", "british" }, { "short", "mau" },
              { "tabby", "mau" } },
    blocks = { cat = "species", dog = "species", solid = "colour", tabby = "colour", british = "breed", mau = "breed" },
    labels = { "cat", "dog", "british", "mau" },
  }
end

local function head(graph, options, evaluated)
  torch.manual_seed(1)
  local tokens = {}
  for i, name in ipairs(evaluated or graph:labels()) do tokens[i] = graph:token(name) end
  local data = { evaluated = function() return { name = "pets" }, tokens end }
  return schema.build(schema.find "head.label_set" (options or {}),
    { features = 6, classes = graph:size() + 1, graph = graph, data = data })
end

local function long(values) return torch.tensor(values, { dtype = "int64" }) end

-- The nodes that a target asks for, through the gradient of the loss: where the target is 1 it pushes up.
local function asked(graph, made, y)
  local logits = torch.zeros(1, graph:size(), { requires_grad = true })
  made:losses(logits, { y = y })[1].value:backward()
  local names = {}
  for i, g in ipairs(logits.grad[0]:totable()) do
    if g < 0 then names[#names + 1] = graph:name(i) end
  end
  table.sort(names)
  return names
end

t.test("targets of known labels are the known nodes", function()
  local case = oracle "000-17"
  local d = case.input.graph
  local graph = host_graph.build { root = d.root, nodes = {}, edges = d.edges, blocks = d.group, labels = d.labels }
  for _, paths in ipairs { "all", "det" } do
    local made = head(graph, { paths = paths })
    for _, label in ipairs(case.input.labels) do
      t.eq(asked(graph, made, long { graph:token(label) }), case.expected[paths][label], paths .. ": " .. label)
    end
  end
end)

t.test("targets are the nodes of all paths, of the deterministic ones, or the label alone", function()
  local graph = cats()
  local function y(name) return long { graph:token(name) } end
  for paths, expected in pairs {
    all = { british = { "british", "cat", "short", "solid", "tabby" }, mau = { "cat", "mau", "short", "tabby" }, cat = { "cat" } },
    det = { british = { "british", "cat", "short" }, mau = { "cat", "mau", "short", "tabby" }, cat = { "cat" } },
    self = { british = { "british" }, mau = { "mau" }, cat = { "cat" } },
  } do
    local made = head(graph, { paths = paths })
    for label, nodes in pairs(expected) do t.eq(asked(graph, made, y(label)), nodes, paths .. ": " .. label) end
  end
  -- several labels: the union
  local both = long { { graph:token "mau", graph:token "dog", -1 } }
  t.eq(asked(graph, head(graph), both), { "cat", "dog", "mau", "short", "tabby" })
end)

t.test("the class is the likeliest of the evaluated labels, not of all nodes", function()
  local graph = cats()
  local made = head(graph, {}, { "british", "mau" })
  local logits = torch.full({ 1, graph:size() }, 9)
  logits["0"][graph:token "british" - 1] = -3
  logits["0"][graph:token "mau" - 1] = -2
  local prediction = made:predict(logits)
  t.eq(graph:name(prediction.y[0]:item()), "mau")
  t.eq(prediction.set:sum():item(), 0)
  made:set_threshold(0.1)
  t.eq(made:predict(logits).set:nonzero():totable(), { { 0, graph:token "mau" } })
  t.near(prediction.probability[0][graph:token "british"]:item(), 1 / (1 + math.exp(3)), 1e-6)
  t.eq(prediction.probability[0][graph:token "cat"]:item(), 0)
  made:evaluate { graph:token "cat", graph:token "dog" }
  t.ok(graph:name(made:predict(logits).y[0]:item()) == "cat")
end)

t.test("samples of several labels need no graph: sigmoid outputs", function()
  torch.manual_seed(2)
  local made = schema.build(schema.find "head.label_set" {}, { features = 6, classes = 4 })
  local y = long { { 0, 3 }, { 1, -1 } }
  local logits = torch.randn(2, 4)
  local t_of_y = torch.tensor { { 1, 0, 0, 1 }, { 0, 1, 0, 0 } }
  local expected = torch.binary_cross_entropy_with_logits(logits, t_of_y):item()
  t.near(made:losses(logits, { y = y })[1].value:item(), expected, 1e-6)
  t.near(made:losses(logits, { y = y["..., 0"], t = t_of_y })[1].value:item(), expected, 1e-6)
  t.eq(made:predict(made:ideal(y)).set:totable(), { { true, false, false, true }, { false, true, false, false } })
end)

t.test("soft labels ask for the expected nodes", function()
  local graph = cats()
  local made = head(graph)
  torch.manual_seed(3)
  local p = torch.rand(5, graph:size() + 1)
  local rows = {}
  for number = 0, graph:size() do
    local named = {}
    if number > 0 and graph:is_label(number) then
      for _, name in ipairs(asked(graph, made, long { number })) do named[graph:token(name)] = true end
    end
    rows[number + 1] = {}
    for node = 1, graph:size() do rows[number + 1][node] = named[node] and 1 or 0 end
  end
  local logits = torch.randn(5, graph:size())
  local expected = torch.binary_cross_entropy_with_logits(logits, p:matmul(torch.tensor(rows))):item()
  t.near(made:losses(logits, { t = p })[1].value:item(), expected, 1e-6)
end)

-- `layers` layers of two nodes, each below both of the layer before: 2 ^ (layers - 1) paths to a node of the last.
local function lattice(layers)
  local nodes, edges = {}, {}
  for i = 1, layers do
    for _, side in ipairs { "a", "b" } do
      nodes[#nodes + 1] = side .. i
      for _, above in ipairs(i == 1 and { "root" } or { "a" .. i - 1, "b" .. i - 1 }) do edges[#edges + 1] = { above, side .. i } end
    end
  end
  return host_graph.build { root = "root", nodes = nodes, edges = edges, labels = { "a" .. layers, "b2" } }
end

t.test("targets of labels with more paths than anyone could walk are known all the same", function()
  local graph = lattice(40) -- half a million million paths
  local made = head(graph)
  t.eq(#asked(graph, made, long { graph:token "a40" }), 79)
  t.eq(asked(graph, made, long { graph:token "b2" }), { "a1", "b1", "b2" })
  t.raises(function() head(graph, { paths = "det" }) end, "label 'a40' has 549755813888 paths, too many to tell")
end)

t.test("the nouns of WordNet take columns of their own paths, not a row of all nodes each", function()
  local system = require "host.system"
  if not system.stat "/usr/share/wordnet/data.noun" then t.skip "no /usr/share/wordnet/data.noun" end
  local graph = schema.build(require "graph".wordnet {}, {})
  for token = 1, graph:size() do graph:bind(token) end
  local made = schema.build(schema.find "head.label_set" {}, { features = 2, classes = graph:size() + 1, graph = graph })
  t.eq(made.module.columns:size(0), graph:size() + 2)
  t.ok(made.module.columns:size(1) < 50, "as wide as the label with most nodes above it")
  t.eq(asked(graph, made, long { graph:token "cat.n.01" }), { "animal.n.01", "carnivore.n.01", "cat.n.01", "chordate.n.01",
    "feline.n.01", "living_thing.n.01", "mammal.n.01", "object.n.01", "organism.n.01", "physical_entity.n.01",
    "placental.n.01", "vertebrate.n.01", "whole.n.02" })
end)
