-- The Label Set baseline: known targets on the cats of the label-space paper, and a head that learns them.
local t = require "test"
local host_graph = require "host.graph"
local schema = require "schema"

local function animals()
  local edges, labels = {}, { "Cat", "Dog", "British", "EgyptianMau", "MaineCoon", "Ragdoll", "Samoyed", "Beagle" }
  local blocks = { Cat = "species", Dog = "species", Shorthair = "hair", Longhair = "hair", Solid = "color",
    Tabby = "color",
                   Point = "color", ["Erect-Ear"] = "ear", ["Drop-Ear"] = "ear", British = "catbreed",
                   EgyptianMau = "catbreed", MaineCoon = "catbreed", Ragdoll = "catbreed", Samoyed = "dogbreed",
                     Beagle = "dogbreed" }
  for from, to in ([[Animal>Cat Animal>Dog Cat>Shorthair Cat>Longhair Cat>Solid Cat>Tabby Cat>Point Dog>Erect-Ear Dog>Drop-Ear
    Shorthair>British Shorthair>EgyptianMau Longhair>MaineCoon Longhair>Ragdoll Solid>British Solid>MaineCoon Tabby>British
    Tabby>EgyptianMau Tabby>MaineCoon Point>British Point>Ragdoll Erect-Ear>Samoyed Drop-Ear>Beagle]]):gmatch "(%S+)>(%S+)" do
    edges[#edges + 1] = { from, to }
  end
  return host_graph.build { root = "Animal", nodes = {}, edges = edges, blocks = blocks, labels = labels }
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

t.test("targets are the nodes of all paths, or of the deterministic ones", function()
  local graph = animals()
  local all, det = head(graph), head(graph, { paths = "det" })
  local function y(name) return long { graph:token(name) } end
  t.eq(asked(graph, all, y "British"), { "British", "Cat", "Point", "Shorthair", "Solid", "Tabby" })
  t.eq(asked(graph, all, y "EgyptianMau"), { "Cat", "EgyptianMau", "Shorthair", "Tabby" })
  t.eq(asked(graph, all, y "Dog"), { "Dog" })
  t.eq(asked(graph, det, y "British"), { "British", "Cat", "Shorthair" })
  t.eq(asked(graph, det, y "EgyptianMau"), { "Cat", "EgyptianMau", "Shorthair", "Tabby" })
  t.eq(asked(graph, det, y "Dog"), { "Dog" })
  t.eq(asked(graph, head(graph, { paths = "self" }), y "British"), { "British" })
  -- several labels: the union
  t.eq(asked(graph, all, long { { graph:token "EgyptianMau", graph:token "Dog", -1 } }),
    { "Cat", "Dog", "EgyptianMau", "Shorthair", "Tabby" })
end)

t.test("the class is the likeliest of the evaluated labels, not of all nodes", function()
  local graph = animals()
  local made = head(graph, {}, { "British", "Ragdoll" })
  local logits = torch.full({ 1, graph:size() }, 9)
  logits["0"][graph:token "British" - 1] = -3
  logits["0"][graph:token "Ragdoll" - 1] = -2
  local prediction = made:predict(logits)
  t.eq(graph:name(prediction.y[0]:item()), "Ragdoll")
  t.eq(prediction.set:sum():item(), 0)
  made:set_threshold(0.1)
  t.eq(made:predict(logits).set:nonzero():totable(), { { 0, graph:token "Ragdoll" } })
  t.near(prediction.probability[0][graph:token "British"]:item(), 1 / (1 + math.exp(3)), 1e-6)
  t.eq(prediction.probability[0][graph:token "Cat"]:item(), 0)
  made:evaluate { graph:token "Cat", graph:token "Dog" }
  t.ok(graph:name(made:predict(logits).y[0]:item()) == "Cat")
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
