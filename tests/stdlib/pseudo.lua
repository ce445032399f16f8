-- Pseudo labels in two stages, on images whose class a teacher can read or cannot read from their brightness.
local t = require "test"
local dataset = require "dataset"
local host_data = require "host.data"
local host_graph = require "host.graph"
local schema = require "schema"

-- Classes a1, a2 below A, b1, b2 below B: brightness 20, 80, 140, 200 of flat images.
local fine_names = { "a1", "a2", "b1", "b2" }
local function images(levels)
  local list = {}
  for i, level in ipairs(levels) do list[i] = torch.full({ 1, 1, 4, 4 }, level, { dtype = "uint8" }) end
  return torch.cat(list)
end

local function plain(name, class_names, levels, labels)
  local set = host_data.from_tensors(images(levels), torch.tensor(labels, { dtype = "int64" }),
    { name = name, class_names = class_names })
  return setmetatable({
    name = name, class_names = class_names, classes = #class_names, sets = { train = set, test = set }, batch = 4,
      normalise = true,
    splits = function() return { "train", "test" } end,
    fingerprints = function() return { train = set:fingerprint(), test = set:fingerprint() } end,
  }, { __index = { loader = function(self, split, options) return dataset.loader({ { self.sets[split], nil, true } },
    split, self, options) end } })
end

local many = {}
for i = 1, 40 do many[i] = (i - 1) % 4 end
local levels = { [0] = 20, 80, 140, 200 }
local fine_levels = {}
for i, y in ipairs(many) do fine_levels[i] = levels[y] end
schema.declare("data.pseudo_fine", {}, function() return plain("fine", fine_names, fine_levels, many) end)
-- Coarse samples: two whose label A contradicts what they look like (b1), one B that looks like a1, seven that fit.
schema.declare("data.pseudo_coarse", {}, function()
  return plain("coarse", { "A", "B" }, { 20, 80, 140, 200, 140, 140, 20, 80, 200, 20 },
    { 0, 0, 1, 1, 0, 0, 1, 0, 1, 0 })
end)
schema.declare("graph.pseudo_tree", {}, function()
  return host_graph.build {
    root = "r", nodes = { "A", "B", "a1", "a2", "b1", "b2" },
    edges = { { "r", "A" }, { "r", "B" }, { "A", "a1" }, { "A", "a2" }, { "B", "b1" }, { "B", "b2" } },
    blocks = { A = "c", B = "c", a1 = "f", a2 = "f", b1 = "f", b2 = "f" },
  }
end)

local function pseudo(options, context)
  local model = schema.find "trunk" { schema.find "vision.mlp" { widths = { 16 } },
    head = schema.find "head.softmax" {} }
  local teacher = schema.find "experiment" "teacher" {
    data = schema.find "data.pseudo_fine" {}, model = model, optim = schema.find "optim.adamw" { lr = 2e-2 },
      train = { steps = 150 } }
  options.teacher, options[1] = teacher, schema.find "data.pseudo_coarse" {}
  return schema.find "pseudo" (options):build(context or { seed = 1, device = "cpu" })
end

local function graph() return schema.find "graph.pseudo_tree" {} end

-- How often each class occurs in training.
local function counts(made)
  local found, samples = { 0, 0, 0, 0 }, 0
  for batch in made:loader("train", { seed = 1 }):each(0) do
    for _, y in ipairs(batch.y:totable()) do
      found[y + 1], samples = found[y + 1] + 1, samples + 1
    end
  end
  return found, samples
end

t.test("known answer 000-18, by hand: samples whose pseudo label contradicts their coarse label are dropped", function()
  local made = pseudo { graph = graph() }
  local report = made:report()
  t.eq({ report.labelled, report.kept, report.dropped }, { 10, 7, 3 })
  t.eq(report.classes, { { name = "a1", kept = 2, dropped = 1 }, { name = "a2", kept = 2, dropped = 0 },
                         { name = "b1", kept = 1, dropped = 2 }, { name = "b2", kept = 2, dropped = 0 } })
  t.eq(counts(made), { 12, 12, 11, 12 })
  t.eq(made.facts[1], { "pseudo.kept", 0.7 })
  t.eq(made.facts[2], { "teacher.test.top1", 1 })
  t.eq({ made.classes, made.class_names, made:loader "test":size() }, { 4, fine_names, 40 })
end)

t.test("without the filter all stay; a rehearsal trains one step", function()
  local made = pseudo { filter = "none" }
  t.eq(made:report().kept, 10)
  t.eq(counts(made), { 13, 12, 13, 12 })
  local rehearsed = pseudo({ filter = "none" }, { seed = 1, device = "cpu", rehearse = true })
  local _, samples = counts(rehearsed)
  t.eq(samples, 50)
end)

t.test("samples whose pseudo label is less sure than `confidence` are dropped", function()
  t.eq(pseudo({ filter = "none", confidence = 1 }):report().kept, 0)
  local some = pseudo({ filter = "none", confidence = 0.25 }):report() -- the likeliest of four has a quarter at least
  t.eq(some.kept, 10)
end)

t.test("what is missing is said", function()
  t.raises(function() pseudo {} end, "filter = \"coarse\" needs graph = ...")
  schema.declare("graph.pseudo_other", {}, function()
    return host_graph.build { root = "r", nodes = { "A", "b1" }, edges = { { "r", "A" }, { "r", "b1" } } }
  end)
  t.raises(function() pseudo { graph = schema.find "graph.pseudo_other" {} } end, "no node carries the class 'B'")
end)
