local t = require "test"
local catalogue = require "catalogue"
local system = require "host.system"

-- Real digits: whichever of the two sets is here.
local set
for _, name in ipairs { "mnist", "mnist5k" } do set = set or catalogue.find(name) and name end
if not set then
  local _, looked = catalogue.find "mnist"
  t.skip(looked)
end

local folder = system.temporary_folder "experiment"
local store = folder .. "/runs"

local function moonlab(...)
  local command = { system.executable(), ... }
  command.environment = { MOONLAB_STORE = store, OMP_NUM_THREADS = "1" }
  local process = system.spawn(command)
  local code = process:wait(120)
  return code, process:read(), process:read_errors()
end

local function script(text)
  local path = folder .. "/script.lua"
  assert(system.write_atomic(path, (text:gsub("DIGITS", set))))
  return path
end

local small = [[
local p = params { lr = { 5e-3, "learning rate" }, steps = 60 }
return experiment "small" {
  data  = DIGITS { per_class = 20, val = 20, batch = 32 },
  model = trunk { vision.mlp {}, head = head.softmax {} },
  optim = adamw { lr = p.lr },
  train = { steps = p.steps },
  eval  = { on = "val", metrics = { "top1", "ece" } },
}]]

local function value(text, key) return tonumber(text:match(key:gsub("%.", "%%.") .. " ([%d.]+)")) end

t.test("run trains, evaluates and keeps a run", function()
  local code, out, err = moonlab("run", script(small))
  t.eq(code, 0, err)
  t.ok(value(out, "val.top1") > 0.6, out)
  local id = out:match "run (%S+)"
  for _, file in ipairs { "config.json", "meta.json", "script.lua", "metrics.jsonl", "ckpt/last.safetensors" } do
    t.ok(system.stat(store .. "/" .. id .. "/" .. file), file)
  end
  t.ok(not out:find "[\r\27]", "no control codes where nobody watches")
  local _, listed = moonlab "ls"
  t.ok(listed:find(id, 1, true) and listed:find("done", 1, true), listed)
  local _, shown = moonlab("show", "last")
  t.ok(shown:find("val.top1", 1, true), shown)
end)

t.test("the same seed gives the same numbers, another seed others", function()
  local path = script(small)
  local function metrics(...) return select(2, moonlab("run", "--json", path, ...)):match '"metrics":(.*)' end
  local first = metrics()
  t.eq(metrics(), first)
  t.ok(metrics "seed=5" ~= first)
end)

t.test("a finished run is loaded and predicts what it predicted", function()
  moonlab("run", script(small))
  local run = load_run("last", { store = store })
  local loader = run.data:loader("val", { batch = 50 })
  local hits, count = 0, 0
  for batch in loader:each(0) do
    local prediction = run:predict(batch.x)
    hits, count = hits + prediction.y:eq(batch.y):sum():item(), count + #batch.y
    t.eq(#prediction.names, #batch.y)
  end
  local records = run.metrics
  t.near(hits / count, records[#records]["val.top1"], 1e-9)
  t.eq(run.labels[1], "0")
end)

t.test("check builds everything and compares the first loss with ln K", function()
  local code, out = moonlab("check", script(small))
  t.eq(code, 0)
  local loss = tonumber(out:match "\nce%s+([%d.]+)")
  t.near(loss, math.log(10), 0.5)
  t.ok(out:find("ln 10 = 2.3026", 1, true), out)
end)

t.test("every mistake of a script is told at once, with its place, exit code 2", function()
  local code, _, err = moonlab("run", script [[
return experiment "wrong" {
  data  = DIGITS { per_clas = 20 },
  model = trunk { vision.mlp {}, head = head.softmaxx {} },
  optim = adamw { lr = "fast" },
  loss  = undefined_name,
}]])
  t.eq(code, 2)
  for _, line in ipairs {
    "script.lua:2:%d+: unknown key 'per_clas' in " .. set .. "{}; did you mean 'per_class'?",
    "script.lua:3:%d+: unknown head 'softmaxx'; did you mean 'softmax'?",
    "script.lua:4:%d+: adamw: option 'lr' must be a non%-negative number, got 'fast'",
    "script.lua:5:%d+: unknown name 'undefined_name'",
  } do
    t.ok(err:find(line), err)
  end
end)

t.test("wrong overrides, devices, files and flags are one line and exit code 2", function()
  local path = script(small)
  for word, expected in pairs {
    ["lr=fast"] = "parameter 'lr' must be a number, got 'fast'",
    ["lrr=1"] = "unknown parameter 'lrr'; did you mean 'lr'?",
    ["optim.lr=1,2"] = "moonlab sweep FILE optim.lr=1,2",
    ["train.epoch=2"] = "did you mean 'epochs'?",
    ["device=cuda:77"] = "device 'cuda:77' is not available here",
    ["eval.metrics=top2"] = "unknown metric 'top2'; did you mean 'top1'?",
    ["--devic"] = "unknown flag '--devic'; did you mean '--device'?",
  } do
    local code, _, err = moonlab("run", path, word)
    t.eq(code, 2, word)
    t.ok(err:find(expected, 1, true), word .. ": " .. err)
  end
  local code, _, err = moonlab("run", folder .. "/nowhere.lua")
  t.eq(code, 2)
  t.ok(err:find("No such file", 1, true), err)
end)

t.test("early stopping keeps the best weights, chosen on validation data only", function()
  local chosen = small:gsub("steps = p.steps", 'epochs = 40, checkpoint = "best", early_stop = { WATCH, patience = 2 }')
    :gsub('on = "val", metrics = { "top1", "ece" }', 'on = "val", during = { DURING }')
  local code, out, err = moonlab("run", script((chosen:gsub("WATCH", '"val.top1"'):gsub("DURING", '"val"'))))
  t.eq(code, 0, err)
  local run = load_run("last", { store = store, checkpoint = "best" })
  local best, epochs = 0, 0
  for _, record in ipairs(run.metrics) do
    if not record.final then best, epochs = math.max(best, record["val.top1"]), math.max(epochs, record.epoch) end
  end
  t.ok(epochs < 40, "stopped early")
  t.near(value(out, "val.top1"), best, 1e-4)
  for during, expected in pairs { ['"test"'] = "chosen on the test data", [""] = "'val.top1' is not evaluated while training" } do
    code, _, err = moonlab("run", script((chosen:gsub("WATCH", '"val.top1"'):gsub("DURING", during))))
    t.eq(code, 2)
    t.ok(err:find(expected, 1, true), err)
  end
end)

t.test("a loss that is not finite ends the run with exit code 3 and names the step", function()
  local code, _, err = moonlab("run", script(small), "lr=1e30")
  t.eq(code, 3)
  t.ok(err:find "diverged: the loss is not finite since step %d+", err)
end)

t.test("an ablation tables its rows; a wrong row is found before anything runs", function()
  local ablation = [[
local p = params { lr = 5e-3 }
return ablate "rates" {
  seeds = { 1, 2 }, metrics = { "val.top1" },
  { "fast" }, { "slow", ROW },
  base = function(p)
    return experiment "small" {
      data  = DIGITS { per_class = 10, val = 10, batch = 32 },
      model = trunk { vision.mlp {}, head = head.softmax {} },
      optim = adamw { lr = p.lr }, train = { steps = 20 }, eval  = { on = "val" },
    }
  end,
}]]
  local code, out, err = moonlab("run", script((ablation:gsub("ROW", "lr = 1e-6"))))
  t.eq(code, 0, err)
  t.ok(out:find "\nfast +[%d.]+ ± [%d.]+ +2\n", out)
  t.ok(out:find "\nslow +[%d.]+ ± [%d.]+ +%-[%d.]+ +2\n", out)
  code, out, err = moonlab("run", script((ablation:gsub("ROW", "lrr = 1e-6"))))
  t.eq(code, 2)
  t.ok(err:find "script.lua:4:%d+: unknown parameter 'lrr'; did you mean 'lr'?", err)
end)

local joined = [[
local g = graph "digit" {
  block "stroke" { "straight", "curved", "mixed" },
  block "loops" { "no_loop", "one_loop", "two_loops" },
  labels "value" {
    { "0", stroke = "curved", loops = "one_loop" }, { "1", stroke = "straight", loops = "no_loop" },
    { "2", stroke = "mixed", loops = { "no_loop", "one_loop" } }, { "3", stroke = "curved", loops = "no_loop" },
    { "FOUR", stroke = "straight", loops = { "no_loop", "one_loop" } } },
}
return experiment "joined" {
  data  = join { graph = g, batch = 32,
                 DIGITS { name = "fine", per_class = 20, val = 20, only = { 0, 1, 2, 3, 4 } },
                 DIGITS { name = "coarse", skip = 40, per_class = 40, only = { 0, 1, 2, 3, 4 },
                          labels = { straight = { 1, 4 }, curved = { 0, 3 }, mixed = { 2 } } SPARE } },
  model = path_decoder { vision.mlp {}, hidden = 32, embed = 16 },
  loss  = path.nll {} + 0.1 * path.reinforce {},
  optim = adamw { lr = 5e-3 },
  train = { steps = 80 },
  eval  = { on = "fine.val", metrics = { "top1", "path_valid", "nondeterministic_share" }, report = { "paths", "graph" } },
}]]
joined = joined:gsub("SPARE", set == "mnist5k" and ", test = 0" or "")

t.test("a join in label space learns, decodes paths, draws its graph, and predicts when loaded", function()
  local path = script((joined:gsub("FOUR", "4")))
  local code, out, err = moonlab("run", path)
  t.eq(code, 0, err)
  t.ok(value(out, "fine.val.top1") > 0.6, out)
  t.ok(value(out, "fine.val.path_valid") == 1, out)
  t.ok(out:find "straight > 1 +deterministic +right" or out:find "no_loop > 1 +deterministic +right", out)
  local run = load_run("last", { store = store })
  local picture = assert(io.open(run.path .. "/artifacts/graph.svg")):read "*a"
  t.ok(picture:find("<svg", 1, true) and picture:find("two_loops", 1, true))
  local loader = run.data:loader("fine.val", { batch = 100 })
  for part in loader:each(0) do
    local prediction = run:predict(part.x)
    t.near(prediction.y:eq(part.y):float():mean():item(), value(out, "fine.val.top1"), 1e-4)
    t.eq(prediction.names[1], run.graph:name(prediction.y[0]:item()))
  end
end)

t.test("one-hot and binary heads learn together under every balance", function()
  local mixture = [[
return experiment "mixture" {
  data  = DIGITS { per_class = 20, val = 20, batch = 32 },
  model = trunk { vision.mlp {}, heads = { onehot = head.softmax {}, binary = head.binary { bits = 64 } } },
  loss  = mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = BALANCE },
  optim = adamw { lr = 5e-3 }, train = { steps = 60, clip = 5 }, eval  = { on = "val", metrics = { "top1", "binary.confidence" } },
}]]
  for _, balance in ipairs { "fixed {}", "metabalance {}", "metabalance { mode = 'two_pass' }" } do
    local code, out, err = moonlab("run", script((mixture:gsub("BALANCE", balance))))
    t.eq(code, 0, err)
    t.ok(value(out, "val.onehot.top1") > 0.6 and value(out, "val.binary.top1") > 0.6, balance .. ": " .. out)
    t.ok(value(out, "val.binary.confidence"), out)
  end
  local code, _, err = moonlab("run", script((mixture:gsub("BALANCE", "fixed {}"):gsub("binary = 0.4", "binary = 0.3"))))
  t.eq(code, 2)
  t.ok(err:find("script.lua:4:%d+: mixture: the weights of onehot, binary must sum to 1, they sum to 0.9"), err)
end)

t.test("a label that the graph lacks is told at its dataset, exit code 2", function()
  local code, _, err = moonlab("run", script((joined:gsub("FOUR", "four"))))
  t.eq(code, 2)
  t.ok(err:find "script.lua:11:%d+: fine: no node carries the class '4'", err)
end)

t.test("models and losses that do not fit are told before anything is built", function()
  for change, expected in pairs {
    ["path.nll {} + 0.1 * path.reinforce {}"] = { "ce {}", "ce needs a head; a path_decoder learns from path.nll" },
    ["hidden = 32, embed = 16"] = { "hidden = 0", "must be a positive integer, got 0" },
  } do
    local at, stop = joined:find(change, 1, true)
    local code, _, err = moonlab("run", script(joined:sub(1, at - 1) .. expected[1] .. joined:sub(stop + 1)))
    t.eq(code, 2)
    t.ok(err:find(expected[2], 1, true), err)
  end
end)

system.remove(folder)
