-- Weights of a path decoder know their label graph: those of another graph are refused, and the difference is named.
local t = require "test"
local host_graph = require "host.graph"
local imprint = require "graph.imprint"
local schema = require "schema"

local function cats(change)
  local d = {
    root = "animal", nodes = { "cat", "dog", "solid", "tabby", "british" },
    edges = { { "animal", "cat" }, { "animal", "dog" }, { "cat", "solid" }, { "cat", "tabby" },
      { "solid", "british" }, { "tabby", "british" } },
    blocks = { cat = "species", dog = "species", solid = "colour", tabby = "colour" }, labels = { "dog", "british" },
  }
  if change then change(d) end
  return host_graph.build(d)
end

local function difference(change) return imprint.difference(imprint.of(cats()), imprint.of(cats(change))) end

t.test("the difference between two graphs is named", function()
  t.eq(difference(), nil)
  t.eq(difference(function(d) d.labels = { "cat" } end), nil) -- which nodes are labels is the data's business
  t.eq(difference(function(d) d.root = "pet"; for i = 1, 2 do d.edges[i][1] = "pet" end end),
    "its root is 'pet', not 'animal'; other edges lead to 2 nodes (cat, dog)")
  t.eq(difference(function(d)
    table.remove(d.nodes, 3)
    table.remove(d.edges, 5)
    table.remove(d.edges, 3)
    d.blocks.solid = nil
  end), "it lacks 1 node (solid); other edges lead to 1 node (british)")
  t.eq(difference(function(d) table.insert(d.nodes, "point"); table.insert(d.edges, { "cat", "point" }) end),
    "it has 1 node (point) that this graph lacks")
  t.eq(difference(function(d) d.blocks.solid = "hair" end), "other blocks hold 1 node (solid)")
  t.eq(difference(function(d) d.nodes[1], d.nodes[2] = "dog", "cat" end), "its nodes stand in another order")
end)

local function model(change)
  local graph = cats(change)
  local part = { name = "pets", class_names = { "dog", "british" } }
  local data = { parts = { part }, evaluated = function() return part,
    { graph:token "dog", graph:token "british" } end }
  torch.manual_seed(1)
  return schema.build(schema.find "path_decoder" { schema.find "vision.mlp" { widths = { 8 } }, hidden = 6, embed = 3 },
    { data = data, graph = graph, image = { 1, 2, 2 }, seed = 1 })
end

t.test("a decoder takes the weights of its own graph alone", function()
  local one, same = model(), model(function(d) d.labels = { "dog", "british", "cat" } end)
  same.module:load_state_dict(one.module:state_dict())
  t.eq(same.module.decoder:state_dict()["out.weight"], one.module.decoder:state_dict()["out.weight"])
  -- as many nodes and blocks, so that all shapes fit
  local other = model(function(d)
    d.nodes[4], d.edges[4], d.edges[6], d.blocks = "striped", { "cat", "striped" }, { "striped", "british" },
      { cat = "species", dog = "species", solid = "colour", striped = "colour" }
  end)
  local before = other.module.decoder:state_dict()["out.bias"]:clone()
  t.raises(function() other.module:load_state_dict(one.module:state_dict()) end,
    "these weights belong to the decoder of another label graph than 'animal': it lacks 1 node (striped); it has 1 node "
    .. "(tabby) that this graph lacks; other edges lead to 1 node (british)")
  t.raises(function() other.module.decoder:load_state_dict(one.module.decoder:state_dict()) end, "another label graph")
  t.eq(other.module.decoder:state_dict()["out.bias"], before)
  -- weights from before they knew
  local old = one.module:state_dict()
  old["decoder.label_graph"] = nil
  same.module:load_state_dict(old)
end)
