-- Reports of classifiers: per class, confusion, reliability, similar labels; as functions and beside a run.
local t = require "test"
local confusion = require "report.confusion"
local per_class = require "report.per_class"
local reliability = require "report.reliability"
local program = require "tests.program"

local y, predicted = { 0, 0, 1, 2, 2, 2, 1 }, { 0, 1, 1, 0, 2, 2, -1 }
local names = { "cat", "dog", "car", "spoon" }

t.test("per class: rare classes, a class that nobody names, and predictions of no class", function()
  local found = per_class.of(y, predicted, names)
  t.eq(found.classes, { "cat", "dog", "car" })
  t.eq(found.precision, { 0.5, 0.5, 1 })
  t.near(found.recall[3], 2 / 3, 1e-12)
  t.near(found.f1[3], 0.8, 1e-12)
  t.eq(found.support, { 2, 2, 3 })
  t.near(found.macro.f1, (0.5 + 0.5 + 0.8) / 3, 1e-12)
  t.near(found.weighted.f1, (0.5 * 2 + 0.5 * 2 + 0.8 * 3) / 7, 1e-12)
  t.near(found.accuracy, 4 / 7, 1e-12)
  local text = tostring(found)
  t.ok(text:find("class           precision   recall      F1   support", 1, true), text)
  t.ok(text:find("car                 1.000    0.667   0.800         3", 1, true), text)
  t.ok(text:find("accuracy 0.5714 of 7 samples", 1, true), text)
  t.eq(per_class.of({ 0, 0 }, { 0, 0 }, { "only" }).macro, { precision = 1, recall = 1, f1 = 1 })
  t.raises(function() per_class.of({ 4 }, { 0 }, names) end, "class 4, there are 4")
end)

t.test("confusion: the matrix, and what is most often taken for what", function()
  local found = confusion.of({ 0, 0, 0, 1, 2, 2, 3 }, { 1, 1, 0, 0, 2, 0, -1 }, names)
  t.eq(found.classes, names)
  t.eq(found.counts, { { 1, 2, 0, 0 }, { 1, 0, 0, 0 }, { 1, 0, 1, 0 }, { 0, 0, 0, 0 } })
  t.eq(found.pairs[1], { "cat", "dog", 2, 2 / 3 })
  t.eq(found.pairs[2], { "dog", "cat", 1, 1 })
  t.eq(found.pairs[3], { "car", "cat", 1, 0.5 })
  t.ok(tostring(found):find("cat                  1     2     .       .", 1, true), tostring(found))
  t.ok(tostring(confusion.of({ 0, 1 }, { 0, 1 }, names)):find "no class is taken for another")
end)

t.test("reliability: bins with samples, ECE and MCE", function()
  local found = reliability.of({ 0.95, 0.55, 0.55 }, torch.tensor({ 1, 1, 0 }), 10)
  t.near(found.ece, (0.05 + math.abs(1 - 1.1)) / 3, 1e-12)
  local text = tostring(found)
  t.ok(text:find("0.500 - 0.600         2   0.550   0.500       -0.050", 1, true), text)
  t.ok(text:find("ECE 0.0500, MCE 0.0500", 1, true), text)
end)

local script = [[
return experiment "reports" {
  data  = mnist5k { batch = 64, per_class = 20, test = 20 },
  model = MODEL,
  train = { steps = 10 },
  eval  = { metrics = { "top1", "ece" }, report = { "per_class", "confusion", "reliability", "similar_labels" } },
}
]]

t.test("a run writes them below its artifacts, as text and as numbers", function()
  local text = script:gsub("MODEL", "trunk { vision.mlp {}, head = head.softmax {} }")
  local folder = program.folder { ["s.lua"] = text }
  local result = program.run { "run", "s.lua", directory = folder, environment = { MOONLAB_STORE = folder .. "/runs" } }
  t.eq(result.code, 0, result.err)
  local place = result.out:match "(%S+)\n*$" .. "/artifacts/"
  local function read(name)
    local file = assert(io.open((place:sub(1, 1) == "/" and "" or folder .. "/") .. place .. name))
    local text = file:read "*a"
    file:close()
    return text
  end
  local top1, ece = result.out:match "test.top1 (%S+)", result.out:match "test.ece (%S+)"
  t.ok(read "per_class.txt":find("accuracy " .. top1 .. " of 200 samples", 1, true), read "per_class.txt")
  t.ok(read "reliability.txt":find("ECE " .. ece, 1, true), read "reliability.txt")
  t.ok(read "confusion.txt":find("true \\ predicted", 1, true))
  t.ok(read "similar_labels.txt":find("distance of mean outputs (test): the smaller, the more alike", 1, true))
  t.ok(read "similar_labels.json":find('"linkage": [', 1, true))
  t.eq(select(2, read "per_class.json":gsub('"f1":', "")), 3)
  t.eq(select(2, read "confusion.json":gsub("\n    %[", "")), 10)
end)

t.test("what a path decoder has not is said before it is trained", function()
  local text = [[
return experiment "reports" {
  data  = join { graph = graph.load "digits", batch = 64,
                 mnist5k { name = "digits", per_class = 20, test = 20 },
                 mnist5k { name = "strokes", skip = 20, per_class = 40, test = 10,
                           labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } } },
  model = path_decoder { encoder = vision.mlp {} }, loss = 1 * path.nll {},
  train = { steps = 1 }, eval = { on = "digits.test", report = { REPORT } },
}]]
  local function run(report)
    local folder = program.folder { ["s.lua"] = (text:gsub("REPORT", report)) }
    return program.run { "run", "s.lua", directory = folder, environment = { MOONLAB_STORE = folder .. "/runs" } }
  end
  local refused = run [["similar_labels"]]
  t.eq(refused.code, 2)
  t.ok(refused.err:find("a path_decoder has no label vectors", 1, true), refused.err)
  local result = run [["per_class", "confusion"]]
  t.eq(result.code, 0, result.err)
end)
