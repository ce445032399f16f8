-- Plots of tensors as a program draws them: what they show, what they refuse, and that their bytes never change
-- (tests/golden/*.svg; MOONLAB_GOLDEN=write draws them anew).
local t = require "test"
local plot_source = require "plot_source"
local schema = require "schema"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-plot"
local nan = 0 / 0

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function has(text, ...)
  for _, part in ipairs { ... } do
    t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 3000)))
  end
end

local function count(text, part) return select(2, text:gsub(part:gsub("%p", "%%%0"), "")) end

-- Two rows with two seeds each, and a third that failed.
local function runs()
  local function run(seed, first, second, params)
    return { seed = seed, id = "r" .. seed, params = params, records = {
      { epoch = 1, step = 10, seconds = 1, ["train.loss"] = 2, ["test.top1"] = first, ["grad_norm/a"] = 0.1,
        ["task_weight/a"] = 1 },
      { epoch = 2, step = 20, seconds = 2, ["train.loss"] = 1, ["test.top1"] = second, ["grad_norm/a"] = 0.2,
        ["task_weight/a"] = 2 },
      { epoch = 2, step = 20, seconds = 2, final = true, final_keys = { "test.top1" }, ["test.top1"] = second } } }
  end
  return plot_source.new { title = "two rows", main = "test.top1", groups = {
    { name = "full",
      runs = { run(1, 0.5, 0.7, { rate = 0.1, head = "a" }), run(2, 0.7, 0.9, { rate = 0.1, head = "a" }) } },
    { name = "slow",
      runs = { run(1, 0.4, 0.5, { rate = 0.01, head = "a" }), run(2, 0.4, 0.9, { rate = 0.01, head = "a" }) } },
    { name = "failed", runs = {} },
  } }
end

local function drawn(kind, options, source) return schema.find("plot." .. kind)(options):build { source = source } end

local labels = { "cat", "dog", "car", "lorry", "bird" }
local vectors = torch.tensor { { 0, 0 }, { 0, 1 }, { 8, 0 }, { 8, 1.5 }, { 1, 3 } }

local golden = {
  curve = function() return drawn("curve", { "test.top1" }, runs()) end,
  bars = function() return drawn("deltas", {}, runs()) end,
  confusion = function()
    return plot.confusion { y = { 0, 1, 1, 2, 2, 2 }, predicted = { 0, 1, 0, 2, 2, -1 },
                            labels = { "a<b", "b", "c" } }:build {}
  end,
  dendrogram = function()
    return drawn("dendrogram", { vectors = torch.arange(20):view(10, 2):sin(), tree = schema.find "wordnet" "cifar10",
      labels = { "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck" } })
  end,
}

for name, draw in pairs(golden) do
  t.test(name .. ": the same bytes as ever", function()
    local path = MOONLAB_ROOT .. "/tests/golden/" .. name .. ".svg"
    local svg = draw():svg()
    if os.getenv "MOONLAB_GOLDEN" == "write" then system.write_atomic(path, svg) end
    t.eq(svg, read(path))
    t.eq(draw():svg(), svg)
  end)
end

t.test("lines of tensors, lists and named lists; a band; gaps", function()
  local svg = plot.line { x = torch.arange(4), y = torch.tensor { 1, 2, nan, 3 }, band = torch.ones(4) }:svg()
  t.eq(count(svg, "<circle"), 3)
  t.eq(count(svg, "<polygon"), 1)
  svg = plot.line({ { 1, 2 }, { 2, 1 } }, { names = { "ours", "theirs" }, x_label = "step" }):svg()
  has(svg, ">ours<", ">theirs<", ">step<")
  svg = plot.line { y = { one = { 1, 2 }, other = torch.tensor { 2, 3 } } }:svg()
  has(svg, ">one<", ">other<")
  t.raises(function()
    plot.line { y = 3 }:svg()
  end, "plot.line: y must be a list of numbers or rows of them, got a number")
  t.raises(function() plot.line { y = { 1, 2 }, x = { 1 } }:svg() end, "x has 1 numbers, y has 2")
  t.raises(function() plot.line { y = { 1, 2 }, band = { 1 } }:svg() end, "band has 1 numbers, y has 2")
  t.raises(function()
    plot.line { y = torch.zeros(2, 2, 2) }:svg()
  end, "plot.line: y must be a list of numbers or rows")
  t.raises(function() plot.line { y = { nan, nan } }:svg() end, "no finite value for the y axis")
  t.raises(function() plot.line { y = { 1 }, tilte = "x" } end, "did you mean 'title'?")
end)

t.test("a plot is saved as SVG or PNG, or printed", function()
  local node = plot.bar { value = { 0.9, 0.8 }, labels = { "a", "b" }, error = { 0.1, 0.2 } }
  node:save(folder .. "/a.svg")
  t.eq(read(folder .. "/a.svg"), node:svg())
  node:save(folder .. "/a.png", { theme = "dark", scale = 1 })
  t.eq(read(folder .. "/a.png"):sub(1, 8), "\137PNG\r\n\26\n")
  local image = require "host.image".read(folder .. "/a.png")
  t.eq({ image:size(0), image:size(1) }, { 420, 720 })
  t.ok(node:terminal { columns = 40, rows = 12 }:find "⣿")
  t.raises(function() node:save "a.pdf" end, "a plot is saved as FILE.svg or FILE.png, got 'a.pdf'")
  t.raises(function() node:save(folder .. "/none/a.svg") end, "cannot write " .. folder .. "/none/a.svg: No such file")
  t.raises(function() node:svg { theme = "drak" } end, "did you mean 'dark'?")
end)

t.test("curves: the mean over seeds at each epoch and what lies around it", function()
  local source = runs()
  local curve = source:curve(source.groups[1], "test.top1", "epoch")
  t.near(curve.mean, { 0.6, 0.8 }, 1e-12)
  t.near(curve.std, { 0.2 / math.sqrt(2), 0.2 / math.sqrt(2) }, 1e-12)
  t.eq(curve.n, { 2, 2 })
  t.eq(source:curve(source.groups[1], "test.top1", "step").x, { 10, 20 })
  local svg = drawn("curve", { "test.top1" }, source):svg()
  has(svg, "mean ± std over 2 seeds", ">full<", ">slow<")
  t.eq(count(svg, "<polygon"), 2)
  t.eq(count(drawn("curve", { "test.top1", band = "none" }, source):svg(), "<polygon"), 0)
  has(drawn("curve", { "grad_norm/*" }, source):svg(), ">full<")
  has(drawn("curve", {}, source):svg(), ">test.top1<", ">train.loss<", ">grad_norm/a<")
  t.raises(function()
    drawn("curve", { "test.topp1" }, source)
  end, "unknown metric 'test.topp1'; did you mean 'test.top1'?")
  t.raises(function() drawn("curve", {}, plot_source.new { title = "x", groups = {} }) end, "x has no metrics yet")
  t.raises(function() plot.curve "test.top1":svg() end, "plot.curve: its metrics are those of a run")
end)

t.test("deltas are differences seed by seed", function()
  local data = drawn("deltas", {}, runs()).data
  t.eq(data.labels, { "slow", "failed" })
  t.near(data.series[1].value[1], (0.5 - 0.7 + 0.9 - 0.9) / 2, 1e-12)
  t.near(data.series[1].error[1], 0.2 / math.sqrt(2), 1e-12)
  t.ok(data.series[1].value[2] ~= data.series[1].value[2])
  t.eq(drawn("deltas", { against = "slow" }, runs()).data.labels, { "full", "failed" })
  t.raises(function()
    drawn("deltas", { against = "slwo" }, runs())
  end, "no row is called 'slwo'; did you mean 'slow'?")
  local bars = drawn("bar", {}, runs()).data
  t.near(bars.series[1].value[1], 0.8, 1e-12)
end)

t.test("against: a point for each value of a parameter", function()
  local data = drawn("against", { "rate", log = "x" }, runs()).data
  t.eq(data.series[1].x, { 0.01, 0.1 })
  t.near(data.series[1].y, { 0.7, 0.8 }, 1e-12)
  local mixed = runs()
  mixed.groups[3].runs[1] = { seed = 1, params = { rate = 0.01, head = "b" },
                               records = { { epoch = 1, ["test.top1"] = 0 } } }
  t.near(drawn("against", { "rate" }, mixed).data.series[1].y, { 0.7, 0.8 }, 1e-12)
  t.eq(#drawn("against", { "rate", by = "head" }, mixed).data.series, 2)
  mixed.axes = { rate = true } -- of a sweep, whose heads follow from the rates: all rows count
  t.ok(drawn("against", { "rate" }, mixed).data.series[1].y[1] < 0.7)
  mixed.axes = nil
  t.raises(function()
    drawn("against", { "rtae" }, runs())
  end, "no parameter 'rtae'; did you mean 'rate'? (head, rate)")
  t.raises(function() drawn("against", { "head" }, runs()) end, "'head' must be a number in all rows, got a in 'full'")
end)

t.test("grid: a cell for each pair of values", function()
  local source = runs()
  source.groups[3].runs[1] = { seed = 1, params = { rate = 0.01, head = "b" },
                               records = { { epoch = 1, ["test.top1"] = 0.25 } } }
  local data = drawn("grid", { "head", "rate" }, source).data
  t.eq({ data.rows, data.columns }, { { "a", "b" }, { "0.01", "0.1" } })
  t.near({ data.values[1], data.values[2], data.values[3] }, { 0.7, 0.8, 0.25 }, 1e-12)
  t.ok(data.values[4] ~= data.values[4])
  t.raises(function()
    drawn("grid", { "haed", "rate" }, source)
  end, "no parameter 'haed'; did you mean 'head'? (head, rate)")
end)

t.test("tasks: weights and norms in a panel each", function()
  local data = drawn("tasks", {}, runs()).data
  t.eq(#data.parts, 2)
  t.eq(data.parts[2].y.log, true)
  t.raises(function()
    drawn("tasks", {}, plot_source.new { title = "x", groups = {} })
  end, "logged neither weights nor gradients")
end)

t.test("labels: dendrogram, heat map and the most similar ones", function()
  local data = drawn("dendrogram", { vectors = vectors, labels = labels }).data
  t.eq(#data.trees[1].merges, 4)
  t.eq({ data.trees[1].merges[1][1], data.trees[1].merges[1][2] }, { 0, 1 })
  t.near(data.trees[1].merges[1][3], 1, 1e-12)
  local similar = drawn("similar", { vectors = vectors, labels = labels, top = 1 }).data.rows
  t.eq(similar[1], { "cat", "dog", "1.000" })
  t.eq(similar[3], { "car", "lorry", "1.500" })
  local heat = drawn("label_heat", { vectors = vectors, labels = labels, order = "class" }).data
  t.eq(heat.rows, labels)
  t.near(heat.values[2], 1, 1e-12)
  t.eq(#drawn("label_heat", { vectors = vectors, labels = labels }).data.rows, 5)
  t.raises(function() drawn("dendrogram", { vectors = vectors, labels = { "a" } }) end, "1 labels for 5 rows")
  t.raises(function() drawn("dendrogram", { distances = torch.zeros(2, 3) }) end, "distances must be square")
  t.raises(function()
    drawn("dendrogram", { vectors = vectors, labels = labels, tree = schema.find "wordnet" "awa2" })
  end,
    "the tree has 0 of the 5 classes: 'cat' is not among them")
  t.raises(function() drawn("similar", {}) end, "give distances = ... or vectors = ...")
end)

t.test("confusion counts, or divides by the true class; none is the last column", function()
  local data = drawn("confusion", { y = { 0, 1, 1, 2 }, predicted = { 0, 1, 0, -1 }, labels = { "a", "b" } }).data
  t.eq(data.rows, { "a", "b", "2", "(none)" })
  t.eq(data.values, { 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 })
  has(data.subtitle, "4 samples, 50.0 % right")
  t.near(drawn("confusion", { y = { 1, 1 }, predicted = { 1, 0 }, share = true }).data.values[3], 0.5, 1e-12)
  t.raises(function() drawn("confusion", { y = { 1 } }) end, "give both y and predicted")
end)

t.test("reliability: accuracy of each bin of confidence", function()
  local data = drawn("reliability", { confidence = { 0.1, 0.9, 0.8, 0.9 }, correct = { 0, 1, 0, 1 }, bins = 2 }).data
  t.near(data.parts[1].series[1].y, { 0, 2 / 3 }, 1e-12)
  t.near(data.parts[2].series[1].y, { 0.25, 0.75 }, 1e-12)
  has(data.parts[1].subtitle, "ECE 0.175")
  t.raises(function() drawn("reliability", { confidence = { 0.1 }, correct = { 1, 0 } }) end, "1 confidences, 2 times")
end)

t.test("a script declares plots and saves none", function()
  local language = require "language"
  local _, errors = language.evaluate { name = "s.lua",
                                         text = "local x = plot.line { y = { 1 } }:save \"x.svg\"\nreturn x" }
  has(language.format(errors), "s.lua:1:", "':save' is for the prompt and for programs")
end)

system.remove(folder)
