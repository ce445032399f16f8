-- The label graphs of graphs/: each builds, each label can be reached, and each has the classes of its data sets.
local t = require "test"
local schema = require "schema"
local system = require "host.system"

local folder = MOONLAB_ROOT .. "/graphs"
local files = {}
for _, file in ipairs(system.list(folder)) do
  local name = file:match "^(.*)%.lua$"
  if name then files[#files + 1] = name end
end
table.sort(files)

-- cifar_wordnet is made from a dictionary that need not be installed.
local function build(name)
  local found, made = pcall(function() return graph.load(folder .. "/" .. name .. ".lua"):build() end)
  if found then return made end
  if name == "cifar_wordnet" and tostring(made):find "no dictionary" then t.skip(tostring(made)) end
  error(made, 0)
end

t.test("there are graphs of images and of texts", function()
  t.eq(files, { "arxiv", "cifar", "cifar_wordnet", "digits", "fashion", "flowers", "pets", "trec" })
end)

for _, name in ipairs(files) do
  t.test(name .. " builds; every label is reached by a path, every node lies on one", function()
    local g = build(name)
    local on_path = {}
    for _, label in ipairs(g:labels()) do
      local paths = g:paths(label)
      t.ok(#paths > 0, label)
      for _, path in ipairs(paths) do
        for _, node in ipairs(path.path) do on_path[node] = true end
      end
    end
    for _, node in ipairs(g:names()) do t.ok(on_path[node], node .. " leads to no label") end
  end)
end

-- The labels a graph has for the classes of data sets, and which of its labels none of them has.
local function compare(name, nodes)
  local g = build(name)
  local labels, classes = {}, {}
  for _, label in ipairs(g:labels()) do labels[label] = true end
  for _, node in ipairs(nodes) do
    for _, class in ipairs(node.class_names) do
      t.ok(labels[class], ("%s has no label '%s' of %s"):format(name, class, node.kind))
      classes[class] = true
    end
  end
  local rest = {}
  for _, label in ipairs(g:labels()) do
    if not classes[label] then rest[#rest + 1] = label end
  end
  return rest, g
end

local function data(name, options) return schema.find("data." .. name)(options or {}) end

t.test("labels are the classes of the data sets", function()
  t.eq(compare("digits", { data "mnist5k" }), {})
  t.eq(compare("fashion", { data "fashion_mnist" }), {})
  t.eq(compare("trec", { data "trec", data("trec", { level = "coarse" }) }), {})
  t.eq(compare("arxiv", { data "arxiv", data("arxiv", { level = "coarse" }) }), {})
  t.eq(compare("cifar", { data "cifar10", data "cifar100", data("cifar100", { level = "coarse" }) }), {})
  t.eq(#compare("flowers", { data "flowers17", data "flowers5" }), 93) -- the rest of 102 Flowers
end)

t.test("known answer 000-19: the sizes of the paper's joins", function()
  local case = dofile(MOONLAB_ROOT .. "/tests/oracle.lua") "000-19"
  local given, expected = case.input, case.expected
  local pets = build "pets"
  for _, node in ipairs { "cat", "dog" } do
    t.ok(not pets:is_label(node) and pets:path_count(node) == 1, "an inner node, to which a join binds the coarse label")
  end
  t.eq(#pets:labels() + 2, expected.PetFusion_classes)
  t.eq(given.dogs_cats_row * 2, given.dogs_cats_needed)
  t.eq(given.pets + given.dogs_cats_needed, expected.PetFusion_train)
  -- the labels are those of 17 kinds of flowers and of 102, so that what both have is counted once
  local shared = 17 + expected.FlowerFusion_classes - #build "flowers":labels()
  t.eq(shared, given.flower_shared_labels)
  t.eq(given.flower102 + shared * given.per_shared_label, expected.FlowerFusion_train)
end)

t.test("WordNet's arrangement of CIFAR has the same classes", function()
  t.eq(compare("cifar_wordnet", { data "cifar10", data "cifar100" }), {})
end)

t.test("12 breeds of cats and 25 of dogs; several colours compete", function()
  local g = build "pets"
  local below = { cat = 0, dog = 0 }
  local competing = {}
  for _, label in ipairs(g:labels()) do
    local paths = g:paths(label)
    below[paths[1].path[1]] = below[paths[1].path[1]] + 1
    for _, path in ipairs(paths) do
      if path.kind == "nondet" then competing[label] = true end
    end
  end
  t.eq(below, { cat = 12, dog = 25 })
  t.eq(competing, { british_shorthair = true, maine_coon = true, persian = true, sphynx = true })
end)

t.test("CIFAR-10's classes stand beside superclasses; fine classes below theirs", function()
  local g = build "cifar"
  t.eq(g:block "dog", g:block "fish")
  t.eq(g:paths("trout")[1].path, { "animal", "fish", "trout" })
  t.eq(g:paths("truck")[1].path, { "vehicle", "truck" })
end)
