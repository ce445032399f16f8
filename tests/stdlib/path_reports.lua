-- Read-outs of path decoders: node reports with human marks, decisions, contact sheets, and what they need.
local t = require "test"
local host_graph = require "host.graph"
local decisions = require "report.decisions"
local marks = require "report.marks"
local nodes = require "report.nodes"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local system = require "host.system"

local folder = system.temporary_folder "moonlab-reports"

local function file(text)
  assert(system.write_atomic(folder .. "/marks.csv", text))
  return folder .. "/marks.csv"
end

t.test("who passes a node, on which kind of path, and how far a person agrees: the known answer", function()
  local case = oracle "000-20"
  local d = case.input.graph
  local graph = host_graph.build { root = d.root, nodes = {}, edges = d.edges, blocks = d.group, labels = d.labels }
  local samples, marked = {}, {}
  for i, decoded in ipairs(case.input.decoded) do
    samples[i] = { index = i, path = decoded.path, kind = graph:deterministic(decoded.path) and "det" or "nondet" }
    marked[i] = decoded.human_mark
  end
  local found = nodes.of_node(case.input.node, samples, marked)
  for i, sample in ipairs(found.traversals) do
    local expected = case.expected.traversals[i]
    t.eq({ case.input.decoded[sample.index].id, sample.kind }, { expected.id, expected.kind })
  end
  t.eq({ #found.traversals, found.det, found.nondet }, { #case.expected.traversals, case.expected.det, case.expected.nondet })
  t.near(found.agreement, case.expected.nondet_agreement, case.tolerance)
end)

t.test("a node report counts kinds, hits and marks", function()
  local samples = { { index = 4, path = { "cat", "tabby", "mau" }, kind = "det", right = true },
                    { index = 7, path = { "cat", "tabby", "british" }, kind = "nondet", right = false },
                    { index = 8, path = { "cat", "tabby", "british" }, kind = "nondet", right = true },
                    { index = 9, path = { "dog" }, kind = "det", right = true } }
  local marked = marks(file "index,mark\n4,0\n7,1\n9,1\n")
  local found = nodes.of_node("tabby", samples, marked)
  t.eq({ #found.traversals, found.det, found.nondet, found.right, found.marked, found.agreement }, { 3, 1, 2, 2, 1, 1 })
  t.ok(nodes.text { found }:find "tabby +3 +1 +2 +0.667 +1.000 %(of 1%)")
  -- nobody looked; nobody passed
  local alone = nodes.of_node("tabby", samples)
  t.eq({ alone.marked, alone.agreement }, { 0, nil })
  t.eq(#nodes.of_node("solid", samples, marked).traversals, 0)
  t.ok(nodes.text { nodes.of_node("solid", samples) }:find "solid +0 +0 +0 +%-")
end)

t.test("marks are read as people write them; a line that is none is located", function()
  t.eq(marks(file "# who: me\n3;yes\n\n17, no\r\n4\ttrue\n"), { [3] = true, [17] = false, [4] = true })
  t.raises(function() marks(file "index,mark\n3,maybe\n") end,
    "marks.csv:2: expected index,mark such as 17,1, got '3,maybe'")
  t.raises(function() marks(file "3,1\n3,0\n") end, "marks.csv:2: sample 3 is marked twice")
  t.raises(function() marks(file "1.5,1\n") end, "marks.csv:1: expected index,mark")
  t.raises(function() marks(folder .. "/none.csv") end, "marks: " .. folder .. "/none.csv: No such file")
end)

t.test("decisions print by block within 80 columns, what was taken starred", function()
  local choices = { { node = "stop", p = 0.25, taken = true } }
  for i = 1, 9 do choices[#choices + 1] = { node = "some_longer_name_" .. i, block = "colour", p = i / 45,
    taken = false } end
  local text = decisions.text { { node = "animal", choices = choices },
    { node = "cat", choices = { { node = "<eop>", p = 1, taken = true } } } }
  for line in text:gmatch "[^\n]+" do t.ok(require "tabulate".width(line) <= 80, line) end
  t.ok(text:find "1 +animal +%- +%*stop 0.250", text)
  t.ok(text:find("some_longer_name_9 0.200", 1, true) and text:find "4 others 0.222" and not text:find "name_4", text)
  t.ok(text:find "2 +cat +%- +%*%(stop%) 1.000", text)
end)

local experiment = [[
return experiment "reports" {
  data  = join { graph = graph.load "digits", batch = 64,
                 mnist5k { name = "digits", per_class = 20, test = 20 },
                 mnist5k { name = "strokes", skip = 20, per_class = 40, test = 10,
                           labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } } },
  model = MODEL, loss = LOSS,
  optim = adamw { lr = 5e-3 }, train = { steps = 40 },
  eval  = { on = ON, metrics = METRICS, decode = "DECODE", report = REPORT },
}]]

local function run(values, command)
  local text = experiment:gsub("%u%u+", values)
  assert(system.write_atomic(folder .. "/script.lua", text))
  local process = system.spawn { system.executable(), command or "run", folder .. "/script.lua",
                                 environment = { MOONLAB_STORE = folder .. "/runs", OMP_NUM_THREADS = "1" } }
  local code = process:wait(120)
  return code, process:read(), process:read_errors()
end

local paths = { MODEL = "path_decoder { vision.mlp {}, hidden = 32, embed = 8 }",
  LOSS = "path.nll {} + 0.1 * path.reinforce {}",
                ON = '{ "digits.test", "strokes.test" }',
                  METRICS = '{ "top1", "f1_macro", "path_valid", "path_correct" }',
                DECODE = "beam", REPORT = '{ "paths", "decisions", "graph", "join", node_report { "no_loop", marks = { no_loop = "MARKS" } } }' }
local function values(changes)
  local all = {}
  for key, value in pairs(paths) do all[key] = value end
  for key, value in pairs(changes) do all[key] = value end
  all.REPORT = all.REPORT:gsub("MARKS", all.MARKS or folder .. "/marks.csv")
  return all
end

t.test("a join evaluated on two datasets writes its reports", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  file "index,mark\n0,1\n1,0\n"
  local code, out, err = run(values {})
  t.eq(code, 0, err)
  for _, key in ipairs { "digits.test.top1", "digits.test.f1_macro", "digits.test.path_correct",
    "strokes.test.top1" } do
    t.ok(out:find(key .. " [%d.]+"), key .. " is not in " .. out)
  end
  t.ok(out:find "strokes.test.path_correct 0.0000", "a path that goes on below a coarse label is not its own")
  local loaded = load_run("last", { store = folder .. "/runs" })
  local function read(name) return assert(io.open(loaded.path .. "/artifacts/" .. name)):read "*a" end
  t.ok(read "graph.svg":find("paths of 200 samples of digits.test", 1, true))
  t.ok(read "graph.strokes.test.svg":find("paths of 100 samples of strokes.test", 1, true))
  t.ok(read "nodes/no_loop.strokes.test.svg":find("'no_loop' in strokes.test", 1, true))
  t.ok(read "decisions.strokes.test.txt":find "sample %d+, curved: ")
  t.ok(read "paths.strokes.test.txt":find " straight ")
  t.ok(not io.open(loaded.path .. "/artifacts/join.strokes.test.txt"), "what is joined is no matter of a split")
  t.ok(read "join.txt":find "\ntwo_loops +added +20 +%-", read "join.txt")
  t.ok(read "decisions.txt":find "sample %d+, 7: ")
  local count = tonumber(read "nodes.txt":match "no_loop +(%d+)")
  local sheet = read "nodes/no_loop.svg"
  t.ok(sheet:find("'no_loop' in digits.test", 1, true))
  t.eq(select(2, sheet:gsub("data:image/png", "")), math.min(count, 48))
  t.eq(select(2, read "nodes/no_loop.csv":gsub("\n", "")), count + 1)
  local report = loaded:node_report("no_loop", { marks = folder .. "/marks.csv" })
  t.eq(#report.traversals, count)
  t.raises(function() loaded:node_report "no_lop" end, "did you mean 'no_loop'?")
  os.remove(folder .. "/marks.csv")
  t.eq(load_run("last", { store = folder .. "/runs" }).status, "done") -- a file of marks that is gone is no hindrance
  for batch in loaded.data:loader("digits.test", { batch = 2 }):each(0) do
    local steps = loaded:decisions(batch.x)
    t.eq(#steps, 2)
    local taken = 0
    for _, choice in ipairs(steps[1][1].choices) do taken = taken + (choice.taken and 1 or 0) end
    t.eq(taken, 1)
    t.ok(tostring(steps):find "sample 1\nstep")
    break
  end
end)

t.test("the Label Set learns on a join and is told apart by its dataset", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  local code, out, err = run(values { MODEL = "trunk { vision.mlp {}, head = head.label_set {} }", LOSS = "bce {}",
    DECODE = "greedy",
                                      METRICS = '{ "top1", "f1_micro" }', REPORT = '{ "join" }' })
  t.eq(code, 0, err)
  t.ok(tonumber(out:match "digits.test.top1 ([%d.]+)") > 0.4
    and tonumber(out:match "strokes.test.top1 ([%d.]+)") > 0.6, out)
end)

t.test("what a report or a way of decoding needs is said before training", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  local softmax = { MODEL = "trunk { vision.mlp {}, head = head.softmax {} }", LOSS = "ce {}", METRICS = '{ "top1" }',
    DECODE = "greedy", REPORT = "{}" }
  local function softmax_with(change)
    local all = {}
    for key, value in pairs(softmax) do all[key] = value end
    for key, value in pairs(change) do all[key] = value end
    return values(all)
  end
  file "0,1\n"
  for _, case in ipairs {
    { softmax_with { REPORT = '{ "graph" }' }, 'eval.report: "graph" needs a path_decoder as model' },
    { softmax_with { DECODE = "beam" }, 'eval.decode = "beam" needs a path_decoder as model' },
    { values { REPORT = '{ node_report { "no_lop" } }' },
      "node_report: asks for 'no_lop', which is no node; did you mean 'no_loop'?" },
    { values { REPORT = '{ node_report { marks = { no_loop = "none.csv" } } }' }, "marks: none.csv: No such file" },
    { values { ON = '{ "digits.tst" }' }, "no split 'digits.tst'; did you mean 'digits.test'?" },
    { values { DECODE = 'beam", threshold = "tune' }, 'a threshold is tuned for predicted sets: decode = "path_set"' },
    { values { DECODE = 'path_set", threshold = "tune' }, "needs held-out training data: give digits a val" },
    { softmax_with { METRICS = '{ "path_valid" }' }, "path_valid: the model decodes no paths; it needs a path_decoder" },
    { values { METRICS = '{ ece {} }' }, "ece: a path_decoder gives probabilities of all classes only with decode = " },
    { values { ON = '{}' }, "eval.on: name a split that is evaluated at the end" },
    { values { ON = '{ "digits.test", "digits.test" }' }, "eval.on: 'digits.test' is given twice" },
    { values { REPORT = '{ "node" }' }, "paths, decisions, graph, nodes, join" },
  } do
    local code, _, err = run(case[1], "check")
    t.eq(code, 2, case[2] .. ": " .. err)
    t.ok(err:find(case[2], 1, true), err)
    t.ok(err:find "^[^\n]*script.lua:%d+:%d+: ", "not located: " .. err)
  end
end)

-- A graph file: layers of two nodes each, completely connected, above the digits.
local function layered(layers, last)
  local lines, above = {}, { "digit" }
  for l = 1, layers do
    local here = { "a" .. l, l == layers and last or "b" .. l }
    for _, from in ipairs(above) do
      for _, to in ipairs(here) do lines[#lines + 1] = from .. "," .. to .. ",block" .. l end
    end
    above = here
  end
  for _, from in ipairs(above) do
    for d = 0, 9 do lines[#lines + 1] = from .. "," .. d .. ",value" end
  end
  assert(system.write_atomic(folder .. "/layers.csv", table.concat(lines, "\n") .. "\n"))
  return folder .. "/layers.csv"
end

t.test("decode = \"class\" chooses among the evaluated classes where the gate stops above them", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  local gate = { MODEL = 'path_decoder { vision.mlp {}, hidden = 32, embed = 8, end_rule = "gate" }', REPORT = '{ "decisions" }' }
  local function measured(changes)
    for key, value in pairs(gate) do changes[key] = value end
    local code, out, err = run(values(changes))
    t.eq(code, 0, err)
    local found = {}
    for split, key, value in out:gmatch "(%w+)%.test%.([%w_]+) ([%d.]+)" do found[split .. "." .. key] = tonumber(value) end
    return found
  end
  local class = measured { DECODE = "class", METRICS = '{ "top1", ece { bins = 5 }, "path_valid" }' }
  local greedy = measured { DECODE = "greedy", METRICS = '{ "top1" }' }
  t.ok(class["digits.top1"] > greedy["digits.top1"] + 0.2, ("%s by class, %s greedy"):format(class["digits.top1"], greedy["digits.top1"]))
  t.ok(class["digits.ece"] > 0 and class["digits.ece"] < 0.6)
  t.eq({ class["digits.path_valid"], class["strokes.path_valid"] }, { 1, 1 })
  local loaded = load_run("last", { store = folder .. "/runs" })
  t.eq(loaded.made.o.eval.decode, "greedy")
  local text = assert(io.open(loaded.path .. "/artifacts/decisions.txt")):read "*a"
  t.ok(text:find "%(stop%)" and not text:find "Decisions are those of greedy decoding", text)
end)

local function on_layers(command, model, loss)
  assert(system.write_atomic(folder .. "/layers.lua", ([[
return experiment "layers" {
  data = join { graph = graph.csv { "%s/layers.csv" }, mnist5k { per_class = 5, test = 5 } },
  model = %s,
  loss = %s, train = { steps = 5 },
}]]):format(folder, model or "path_decoder { vision.mlp {}, hidden = 8, embed = 4 }", loss or "path.nll {}")))
  local process = system.spawn { system.executable(), command, folder .. "/layers.lua",
                                 environment = { MOONLAB_STORE = folder .. "/layer_runs", OMP_NUM_THREADS = "1" } }
  local code = process:wait(120)
  return code, process:read(), process:read_errors()
end

t.test("a graph whose paths explode is refused where the model is written", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  layered(24, "b24")
  local code, _, err = on_layers "check"
  t.eq(code, 2, err)
  t.ok(err:find("layers.lua:3:11: node '0' has 16777216 paths from the root, more than 100000, and 9 more labels have too many", 1, true), err)
  code, _, err = on_layers("check", 'trunk { vision.mlp {}, head = head.label_set { paths = "det" } }', "bce {}")
  t.eq(code, 2, err)
  t.ok(err:find "layers.lua:3:%d+: label '0' has 16777216 paths", err)
  t.eq(on_layers("check", "trunk { vision.mlp {}, head = head.label_set {} }", "bce {}"), 0)
end)

t.test("a run whose graph has changed since is not loaded into the other one", function()
  if not require "catalogue".find "mnist5k" then t.skip "no mnist5k" end
  layered(2, "b2")
  local code, _, err = on_layers "run"
  t.eq(code, 0, err)
  load_run("last", { store = folder .. "/layer_runs" })
  layered(2, "c2") -- as many nodes, edges and blocks
  t.raises(function() load_run("last", { store = folder .. "/layer_runs" }) end,
    "these weights belong to the decoder of another label graph than 'digit': it lacks 1 node (c2); it has 1 node (b2)")
end)

system.remove(folder)
