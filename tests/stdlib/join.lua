local t = require "test"
local host_graph = require "host.graph"
local schema = require "schema"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-join"
system.mkdir(folder .. "/mnist5k")
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end
system.set_environment("MOONLAB_DATA", folder)

-- All nodes right below the root; tokens from 1 in this order.
local nodes = { "straight", "curved", "mixed", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" }
local function flat(names)
  local edges = {}
  for i, name in ipairs(names) do edges[i] = { "digit", name } end
  return host_graph.build { root = "digit", nodes = names, edges = edges }
end
local graph = schema.declare("graph.spec", {}, function() return flat(nodes) end, {
  methods = { only = { {}, function(o, context) -- as trimming does: the labels stay, in other places
    local kept = {}
    for _, label in ipairs(context.labels) do table.insert(kept, 1, label) end
    return flat(kept)
  end } } })
local mnist5k, join = schema.find "data.mnist5k", schema.find "join"
local stroke = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } }

local function digits(options)
  options = options or {}
  options.name, options.per_class = "digits", options.per_class or 30
  return mnist5k(options)
end

local function strokes(options)
  options = options or {}
  options.name, options.labels = "strokes", options.labels or stroke
  options.per_class, options.skip, options.test = options.per_class or 250, options.skip or 30, options.test or 0
  return mnist5k(options)
end

t.test("labels of all datasets are nodes of the graph", function()
  local joined = join { graph = graph {}, batch = 100, digits(), strokes() }:build()
  local seen = { {}, {} }
  local samples = 0
  for batch in joined:loader("train", { seed = 1 }):each(0) do
    local y, domain = batch.y:totable(), batch.domain:totable()
    for i = 1, #y do seen[domain[i] + 1][nodes[y[i]]] = (seen[domain[i] + 1][nodes[y[i]]] or 0) + 1 end
    samples = samples + #y
  end
  t.eq(samples, 2800)
  for digit = 0, 9 do
    t.eq(seen[1][tostring(digit)], 30)
    seen[1][tostring(digit)] = nil
  end
  t.eq(seen[1], {})
  t.eq(seen[2], { straight = 750, curved = 1250, mixed = 500 })
end)

t.test("a graph that is trimmed keeps the labels of the join, wherever they stand then", function()
  local joined = join { graph = graph {}:only(), digits { only = { 3, 7 } },
                        strokes { only = { 1 }, labels = { straight = { 1 } } } }:build()
  t.eq(joined.class_names, { "<eop>", "straight", "7", "3" })
  t.eq(joined.targets, { { 3, 2 }, { 1 } })
end)

t.test("a split is named where several datasets have it", function()
  local joined = join { graph = graph {}, digits(), strokes() }:build()
  t.eq(joined:splits(), { "digits.train", "digits.test", "strokes.train" })
  t.eq(joined:loader "test":size(), 1500)
  t.eq(joined:loader "digits.test":size(), 1500)
  local prints = joined:fingerprints()
  t.eq(prints["digits.test"], digits():build():fingerprints().test)
  t.ok(prints["strokes.train"] ~= prints["digits.train"], "two sets have one fingerprint")
  t.raises(function() joined:loader "digit.test" end, "join: no split 'digit.test'; did you mean 'digits.test'?")
  t.raises(function() joined:loader "val" end, "none of its datasets has a split 'val'")
  local both = join { graph = graph {}, digits(), strokes { test = 150 } }:build()
  t.raises(function() both:loader "test" end,
    "several datasets have a split 'test': write one of digits.test, strokes.test")
end)

t.test("the report counts labels, shared ones and images in two datasets", function()
  local report = join { graph = graph {}, digits(),
                        strokes { skip = 20, labels = { ["1"] = "straight" } } }:build():report()
  t.eq(report.overlaps, { { "digits", "strokes", 100 } })
  t.eq(report.shared, { "0", "2", "3", "4", "5", "6", "7", "8", "9" })
  t.eq(report.labels[1], { name = "straight", node = 1, samples = { 0, 250 } })
  t.eq(report.labels[2], { name = "0", node = 4, samples = { 30, 250 } })
  t.eq(report.datasets[1], { name = "digits", classes = 10, train = 300, test = 1500, weight = 1, draw = 1, epoch = 300 })
end)

t.test("the report tells the paths of each label and the samples of each node", function()
  local described = host_graph.build {
    root = "digit", nodes = { "straight", "curved", "no_loop", "one_loop", "0", "1", "4" },
    edges = { { "digit", "straight" }, { "digit", "curved" }, { "digit", "no_loop" }, { "digit", "one_loop" },
              { "curved", "0" }, { "one_loop", "0" }, { "straight", "1" }, { "straight", "4" }, { "no_loop", "4" },
                { "one_loop", "4" } },
    blocks = { straight = "stroke", curved = "stroke", no_loop = "loops", one_loop = "loops", ["0"] = "value",
      ["1"] = "value", ["4"] = "value" },
  }
  schema.declare("graph.loops", {}, function() return described end)
  local report = join { graph = schema.find "graph.loops" {}, digits { only = { 0, 1, 4 } },
                        strokes { only = { 0, 1, 4 },
                          labels = { straight = { 1, 4 }, curved = { 0 } } } }:build():report()
  t.eq(report.paths[1], { label = "straight", paths = 1, det = 1, nondet = 0 })
  t.eq(report.paths[5], { label = "4", paths = 3, det = 1, nondet = 2 })
  local samples = {}
  for _, node in ipairs(report.nodes) do samples[node.name] = node.samples end
  t.eq(samples, { straight = { 60, 500 }, curved = { 30, 250 }, no_loop = { 30, 0 }, one_loop = { 60, 0 },
    ["0"] = { 30, 0 },
                  ["1"] = { 30, 0 }, ["4"] = { 30, 0 } })
  t.eq({ report.nodes[1].label, report.nodes[3].label }, { true, false })
  local text = tostring(report)
  t.ok(text:find "no label is in several datasets" and text:find "\n4 +30 +%- +3 +1 +2\n"
    and text:find "\nno_loop +added +30 +%-", text)
end)

t.test("every class without a node is named, of all datasets at once", function()
  local message = t.raises(function()
    join { graph = graph {}, digits { labels = { ["0"] = "zro" } },
           strokes { labels = { strait = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } } }:build()
  end, "digits: no node carries the class 'zro'")
  t.ok(message:find("strokes: no node carries the class 'strait'; did you mean 'straight'?", 1, true), message)
end)

t.test("a set that cannot be read is located where it is written", function()
  system.set_environment("MOONLAB_DATA", folder .. "/none")
  system.set_environment("MOONLAB_HOME", folder .. "/none")
  local done, failure = pcall(function() return join { graph = graph {}, schema.find "data.mnist" {} }:build() end)
  system.set_environment("MOONLAB_DATA", folder)
  t.eq(done, false)
  t.ok(failure.message:find("data set 'mnist' is not in " .. folder .. "/none/mnist or ", 1, true), failure.message)
  t.ok(failure.position.line > 0, "no line")
end)

t.test("training on test images is refused", function()
  t.raises(function() join { graph = graph {}, digits(), strokes { per_class = 350, skip = 30 } }:build() end,
    "300 training images of 'strokes' are in digits.test")
  local kept = join { graph = graph {}, duplicates = 300, digits(), strokes { per_class = 350, skip = 30 } }:build()
  t.eq(kept:report().leaks, { { "strokes", "digits.test", 300 } })
  t.ok(tostring(kept:report()):find("training samples of strokes that are tested on: 300 in digits.test", 1, true))
end)

t.test("mixes differ in how often a dataset is seen", function()
  local function shares(mix)
    local count = { 0, 0 }
    local joined = join { graph = graph {}, mix = mix, digits(), strokes() }:build()
    for batch in joined:loader("train", { seed = 1 }):each(0) do
      for _, d in ipairs(batch.domain:totable()) do count[d + 1] = count[d + 1] + 1 end
    end
    return count
  end
  t.eq(shares "proportional", { 300, 2500 })
  t.eq(shares "balanced", { 1400, 1400 })
  t.eq(shares "round-robin", { 300, 2500 })
end)

t.test("mistakes in a join are found before anything is read", function()
  t.raises(function() join { graph = graph {} } end, "option 'datasets' is required")
  t.raises(function() join { graph = graph {}, digits(), digits() } end, "two datasets are called 'digits'")
  t.raises(function() join { graph = graph {}, digits(), mix = "balancd" } end, "did you mean 'balanced'?")
  t.raises(function() join { digits() } end, "option 'graph' is required")
end)

system.remove(folder)
