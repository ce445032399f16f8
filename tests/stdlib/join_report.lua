-- What a join tells about itself, on a terminal and as JSON, and samples that are trained on and tested on.
local t = require "test"
local flat_sets = dofile(MOONLAB_ROOT .. "/tests/flat_sets.lua")
local report = require "report.join"
local schema = require "schema"
local tabulate = require "tabulate"

local graph, declare = flat_sets.graph "join_report", flat_sets.declare

-- fine has image 7 twice, and its test set has 7, 8 and 31 of the training sets
local fine = declare("fine", { "a1", "b2" }, { 7, 7, 8, 9, 10, 11 }, { 7, 8, 31, 40 })
local coarse = declare("coarse", { "A", "B" }, { 30, 31, 32, 10 })
local function join(options)
  options.graph = graph {}
  return schema.find "join" (options)
end

local function levels(set)
  local list = set:images():flatten(1):select(1, 0):totable()
  table.sort(list)
  return list
end

t.test("samples that are tested on are refused, all datasets' in one message, where they are written", function()
  local done, failure = pcall(function() return join { fine {}, coarse {} }:build() end)
  t.eq(done, false)
  t.eq(#failure.mistakes, 2)
  t.ok(failure.mistakes[1].message:find("3 training images of 'fine' are in fine.test too; leave them out of training "
    .. "by duplicates = \"drop\" in the join", 1, true), failure.mistakes[1].message)
  t.ok(failure.mistakes[1].message:find("or write duplicates = 3", 1, true))
  t.ok(failure.mistakes[2].message:find("1 training image of 'coarse' is in fine.test too", 1, true))
  t.ok(failure.mistakes[1].position.line > 0)
end)

t.test("they can be kept, and left out of training; the report tells them either way", function()
  local kept = join { duplicates = "keep", fine {}, coarse {} }:build():report()
  t.eq(kept.leaks, { { "fine", "fine.test", 3 }, { "coarse", "fine.test", 1 } })
  t.eq(kept.dropped, {})
  t.ok(tostring(kept):find("training samples of fine that are tested on: 3 in fine.test\n", 1, true), tostring(kept))
  t.eq(join { duplicates = 3, fine {}, coarse {} }:build():report().leaks, kept.leaks)
  t.raises(function() join { duplicates = 2, fine {}, coarse {} }:build() end, "3 training images of 'fine'")

  local joined = join { duplicates = "drop", fine {}, coarse {} }:build()
  local dropped = joined:report()
  t.eq(dropped.dropped, kept.leaks)
  t.eq(dropped.leaks, {})
  t.eq(levels(joined.parts[1].sets.train), { 9, 10, 11 })
  t.eq(levels(joined.parts[2].sets.train), { 10, 30, 32 })
  t.eq(levels(joined.parts[1].sets.test), { 7, 8, 31, 40 })
  t.eq(joined:loader("train"):size(), 6)
  t.eq(dropped.overlaps, { { "fine", "coarse", 1 } })
  t.ok(tostring(dropped):find("left out of training of coarse, as they are tested on: 1 in fine.test\n", 1, true),
    tostring(dropped))
  -- a second build begins with all of them again
  t.eq(fine {}:build().sets.train:size(), 6)
  local all = declare("all_tested", { "a2" }, { 40, 8 })
  t.raises(function() join { duplicates = "drop", fine {}, all {} }:build() end,
    "all_tested: no sample is left without those that fine holds too")
end)

t.test("the report says how often a dataset is drawn and what it weighs where that is not as usual", function()
  local joined = join { duplicates = "keep", mix = "balanced", fine { draw = 2, weight = 0.5 }, coarse {} }
  local text = tostring(joined:build():report())
  t.ok(text:find("classes   train   test   draw   an epoch   weight\n", 1, true), text)
  t.ok(text:find("#1   fine            2       6      4      2          7      0.5\n", 1, true), text)
  t.ok(text:find("4 labels and 2 added nodes, 5 paths: 3 deterministic, 2 nondeterministic", 1, true), text)
  text = tostring(join { duplicates = "keep", fine {}, coarse {} }:build():report())
  t.ok(text:find("     dataset   classes   train   test\n", 1, true), text)
end)

t.test("tables keep to 80 columns on a terminal and are as wide as they are in a file", function()
  local made = join { duplicates = "keep", fine { name = "one data set with a name of many words" },
                      coarse { name = "another one whose name is long as well" } }:build():report()
  made.labels[1].name = ("long "):rep(20)
  for line in tostring(made):gmatch "[^\n]+" do
    if not line:find "training" then t.ok(tabulate.width(line) <= 80, line) end
  end
  t.ok(tostring(made):find("\nlabel  +#1   #2   paths   det   nondet\n"), tostring(made))
  t.ok(tostring(made):find("…", 1, true))
  t.ok(report.text(made, true):find(("long "):rep(20), 1, true))
  t.ok(report.text(made, true):find("another one whose name is long as well   paths", 1, true))
end)

t.test("the report is written as text and as JSON", function()
  local joined, files = join { duplicates = "keep", fine {}, coarse {} }:build(), {}
  report.write({ data = joined }, { write = function(_, name, text) files[name] = text end })
  t.eq(files["artifacts/join.txt"], report.text(joined:report(), true) .. "\n")
  local text = files["artifacts/join.json"]
  t.ok(text:find('"overlaps": [["fine", "coarse", 1]]', 1, true), text)
  t.ok(text:find('"leaks": [["fine", "fine.test", 3], ["coarse", "fine.test", 1]]', 1, true), text)
  t.ok(text:find('{"det": 0, "label": "b2", "nondet": 2, "paths": 2}', 1, true), text)
end)
