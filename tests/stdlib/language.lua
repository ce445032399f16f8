-- Scripts that are right: what they evaluate to, knobs and overrides, functions of the configuration, the canonical
-- text, the closed environment, ablations. The wrong ones are in language_wrong.lua.
local t = require "test"
local language = require "language"
local schema = require "schema"

local here = debug.getinfo(1, "S").source:match "^@(.*)stdlib/[^/]*$"
local vocabulary = dofile(here .. "stdlib/language/constructors.lua")

local function isolated(name, fn)
  t.test(name, function()
    schema.isolated(function()
      vocabulary(schema)
      fn()
    end)
  end)
end

-- Evaluates or fails the test with the errors.
local function evaluate(text, overrides, options)
  local result, errors = language.evaluate({ name = "x.lua", text = text }, overrides, options)
  if not result then t.fail("refused:\n" .. language.format(errors)) end
  return result
end

local rest = "data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },"
local function experiment(fields, before)
  return ("%s\nreturn experiment \"x\" { %s %s }"):format(before or "", rest, fields or "")
end

local function value_at(result, path)
  local value = result.node
  for name in path:gmatch "[^.]+" do value = value[tonumber(name) or name] end
  return value
end

isolated("an experiment with its defaults", function()
  local result = evaluate(experiment())
  t.eq({ result.kind, result.name, result.seed, result.device }, { "experiment", "x", 0, "auto" })
  t.eq(value_at(result, "optim.kind"), "optim.adamw")
  t.eq(value_at(result, "train.epochs"), 10)
  t.eq(value_at(result, "model.encoder.width"), 16)
  t.eq(result.node.model.position, { file = "x.lua", line = 2, column = 52 })
end)

isolated("knobs, their documentation, and what sets them", function()
  local text = experiment("optim = adamw { lr = p.lr }, train = { epochs = p.long and 20 or 2 },",
    'local p = params { lr = { 1e-3, "step size" }, long = false, note = "a" }')
  local result = evaluate(text, { "lr=0.5", "long=true", 'note="a,b"' })
  t.eq(value_at(result, "optim.lr"), 0.5)
  t.eq(value_at(result, "train.epochs"), 20)
  t.eq(result.knobs, { { name = "lr", value = 0.5, default = 1e-3, doc = "step size" },
                       { name = "long", value = true, default = false, doc = "" },
                       { name = "note", value = "a,b", default = "a", doc = "" } })
  t.eq(result.overrides, { "lr=0.5", "long=true", 'note="a,b"' })
  t.eq(value_at(evaluate(text, { lr = 2 }), "optim.lr"), 2)
  t.eq(value_at(evaluate(text, { "lr=3", "lr=4" }), "optim.lr"), 4)
  t.eq(value_at(evaluate(text, { "lr=3", "~lr" }), "optim.lr"), 1e-3)
end)

isolated("overrides reach every place", function()
  local text = [[
    return experiment "x" {
      data  = join { mnist5k {}, mnist5k { name = "other" }, batch = 4 },
      model = trunk { vision.cnn {}, heads = { onehot = head.softmax {}, binary = head.lwal {} } },
      loss  = mixture { main = "onehot", onehot = 0.6, binary = 0.4 },
      optim = adamw { schedule = cosine {} },
      train = { early_stop = { "val.top1" } },
    }]]
  local function after(override, path) return value_at(evaluate(text, { override }), path) end
  t.eq(after("data.datasets[2].val=0.1", "data.datasets.2.val"), 0.1)
  t.eq(after("model.encoder.width=32", "model.encoder.width"), 32)
  t.eq(after("model.heads.binary.dim=7", "model.heads.binary.dim"), 7)
  t.eq(after("optim.schedule.warmup=5%", "optim.schedule.warmup"), "5%")
  t.eq(after("optim=sgd", "optim.kind"), "optim.sgd")
  t.eq(after("train.early_stop.patience=9", "train.early_stop.patience"), 9)
  t.eq(after("train.early_stop=test.top1", "train.early_stop"), { metric = "test.top1", patience = 5 })
  t.eq(after("~train.early_stop", "train.early_stop"), nil)
  t.eq(after("eval.metrics=top1,ece", "eval.metrics"), { "top1", "ece" })
  t.eq(after("~data.batch", "data.batch"), 32)
  local result = evaluate(text, { "loss.onehot=0.5", "loss.binary=0.5" })
  t.eq({ result.node.loss.weights.onehot, result.node.loss.weights.binary }, { 0.5, 0.5 })
end)

isolated("terms of a loss are addressed by kind", function()
  local text = experiment "loss = 0.3 * ce {} + path.nll {} + 2 * ce {},"
  local terms = evaluate(text, { "loss.nll.pool=sum", "loss.ce[2].reduction=sum", "loss.terms[1].weight=0.4" }).node.loss.terms
  t.eq({ terms[1].weight, terms[1].term.reduction, terms[2].term.pool, terms[3].term.reduction },
    { 0.4, "mean", "sum", "sum" })
end)

isolated("seed and device belong to every script", function()
  t.eq(evaluate(experiment(), { "seed=7", "device=cpu" }).node.train.seed, 7)
  t.eq(evaluate(experiment(), { "device=cpu" }).device, "cpu")
  t.eq(evaluate(experiment("", "local p = params { seed = 12 }")).seed, 12)
  t.eq(evaluate(experiment("", "local p = params { seed = 12 }"), { "seed=3" }).seed, 3)
  t.eq(evaluate(experiment "train = { seed = 5 },").seed, 5)
  t.eq(evaluate(experiment "train = { seed = 5 },", { "seed=6" }).seed, 6)
  t.eq(evaluate(experiment("optim = adamw { lr = p.seed + 1 },", "local p = params {}"), { "seed=2" }).node.optim.lr, 3)
end)

isolated("functions of the configuration are resolved last, whatever they depend on", function()
  local text = experiment [[
    optim = adamw { lr = function(c) return c.train.epochs / 1000 end, weight_decay = function(c) return c.optim.lr / 2 end },
    train = { epochs = function(c) return c.model.encoder.width * 2 end,
              clip = function(c) return c.data.classes + #c.eval.metrics end }, ]]
  local result = evaluate(text)
  t.eq(value_at(result, "train.epochs"), 32)
  t.eq(value_at(result, "optim.lr"), 0.032)
  t.eq(value_at(result, "optim.weight_decay"), 0.016)
  t.eq(value_at(result, "train.clip"), 11)
  t.eq(value_at(evaluate(text, { "model.encoder.width=5" }), "optim.lr"), 0.01)
  t.eq(value_at(evaluate(text, { "train.epochs=4" }), "optim.lr"), 0.004)
end)

isolated("a function is the value where the type admits one", function()
  local result = evaluate(experiment "optim = adamw { schedule = function(step) return 1 end }, train = { on = { step = print } },")
  t.eq(type(result.node.optim.schedule), "function")
  t.eq(type(result.node.train.on.step), "function")
end)

isolated("written order is kept, also by pairs; other tables go sorted", function()
  local result = evaluate [[
    local written, order = { zeta = 1, alpha = 2, mid = 3, "first" }, {}
    for key in pairs(written) do order[#order + 1] = tostring(key) end
    local made = {}
    for _, key in ipairs { "z", "a", "m" } do made[key] = true end
    for key in pairs(made) do order[#order + 1] = key end
    return experiment "x" { data = mnist5k { only = order },
      model = trunk { vision.cnn {}, heads = { zeta = head.softmax {}, alpha = head.lwal {}, mid = head.softmax {} } } }]]
  t.eq(result.node.data.only, { "1", "zeta", "alpha", "mid", "a", "m", "z" })
  t.eq(schema.keys(result.node.model.heads), { "zeta", "alpha", "mid" })
end)

isolated("the canonical text is equal byte for byte, and orders only what has no order", function()
  local first = evaluate(experiment 'optim = adamw { weight_decay = 0.1, lr = 1 / 3 }, loss = 0.1 * ce {},')
  local second = evaluate(experiment 'loss = 0.1 * ce {},\n\n  optim = adamw { lr = 1 / 3, weight_decay = 0.1 },')
  t.eq(language.canonical(first), language.canonical(second))
  t.eq(language.canonical(first), '{"kind":"experiment","data":{"kind":"data.mnist5k","fraction":1,"name":"mnist5k","val":0},'
    .. '"eval":{"metrics":["top1"]},"loss":{"kind":"loss.sum","terms":[{"term":{"kind":"loss.ce","label_smoothing":0,'
    .. '"reduction":"mean"},"weight":0.1}]},"model":{"kind":"trunk","encoder":{"kind":"vision.cnn","width":16},'
    .. '"head":{"kind":"head.softmax","l2":0}},"name":"x","optim":{"kind":"optim.adamw","lr":0.3333333333333333,'
    .. '"weight_decay":0.1},"train":{"device":"auto","epochs":10,"seed":0}}')
  local swapped = 'model = trunk { vision.cnn {}, heads = { %s = head.softmax {}, %s = head.softmax {} } }'
  local ab = evaluate('return experiment "x" { data = mnist5k {}, ' .. swapped:format("a", "b") .. "}")
  local ba = evaluate('return experiment "x" { data = mnist5k {}, ' .. swapped:format("b", "a") .. "}")
  t.ok(language.canonical(ab) ~= language.canonical(ba), "the order of heads is part of the configuration")
end)

isolated("hash inputs leave out what does not change results", function()
  local function inputs(overrides)
    local result = evaluate(experiment(), overrides)
    return language.hash_input(result), language.cell_input(result)
  end
  local hash, cell = inputs {}
  local hash_device = inputs { "device=cpu" }
  local hash_seed, cell_seed = inputs { "seed=9" }
  local hash_lr, cell_lr = inputs { "optim.lr=9" }
  t.eq(hash_device, hash)
  t.ok(hash_seed ~= hash and hash_lr ~= hash)
  t.eq(cell_seed, cell)
  t.ok(cell_lr ~= cell)
end)

isolated("functions are part of the configuration by their text and what they close over", function()
  local function text(body, before) return language.canonical(evaluate(experiment("loss = " .. body .. ",", before))) end
  local plain = text "term(function(out) return out * 2 end)"
  t.eq(text "term(function(out)   -- the same\n return out*2 end)", plain)
  t.ok(text "term(function(out) return out * 3 end)" ~= plain)
  local function scaled(n) return text("term(function(out) return f(out) end)",
    ("local k = %d\nlocal function f(x) return x * k end"):format(n)) end
  t.eq(scaled(2), scaled(2))
  t.ok(scaled(2) ~= scaled(3), "what a function closes over counts, through other functions too")
  local through = text("term(function(out) return math.floor(out) + #names end)", 'names = { "a", b = adamw {} }')
  t.ok(through:find('"uses"') and through:find('optim.adamw'), "globals of the script and nodes are followed")
  t.ok(text("term(function(x) return fact(x) end)", "function fact(x) return x < 2 and 1 or x * fact(x - 1) end"):find '"again"')
  local inherited = text("term(function(out) return p.a end)", "local p = params { a = 3 }")
  t.ok(inherited:find('"a":3', 1, true), inherited)
end)

isolated("the environment has no clock, no randomness, no files, and nothing leaks out of it", function()
  evaluate(experiment("", "leaked = 3; string.leaked = 4; local function f() return leaked end; assert(f() == 3)"))
  t.eq({ rawget(_G, "leaked"), string.leaked }, {})
  local _, errors = language.evaluate { name = "x.lua", text = "local a, b = load, debug; local c = string.dump" }
  t.eq(#errors, 3)
  t.eq(evaluate(experiment("train = { epochs = tonumber(tostring({}) == 'table' and 4) },")).node.train.epochs, 4)
end)

isolated("env reads are recorded", function()
  local result = evaluate(experiment("train = { epochs = env('MOONLAB_NO_SUCH_VARIABLE', 6) },"))
  t.eq(result.node.train.epochs, 6)
  t.eq(result.env_reads, { { name = "MOONLAB_NO_SUCH_VARIABLE", value = 6 } })
end)

isolated("metadata is read without samples and recorded", function()
  local result = evaluate [[
    local d = mnist5k { only = { "3", "7" } }
    return experiment "x" { data = d, model = trunk { vision.cnn {}, head = head.lwal { dim = 10 * d.classes } } }]]
  t.eq(result.node.model.head.dim, 20)
  t.eq(result.metadata_reads, { { kind = "data.mnist5k", name = "classes", value = 2 } })
  local other = evaluate([[
    local d = mnist5k {}
    return experiment "x" { data = d, model = trunk { vision.cnn {}, head = head.lwal { dim = d.classes } } }]],
    { "data.fraction=0.5" })
  t.eq(other.node.data.fraction, 0.5)
end)

isolated("methods of inert nodes give inert nodes with a path", function()
  local text = [[
    local g = graph "animals" {}
    return experiment "x" { data = join { mnist5k {}, graph = g:trim(0.25) },
      model = trunk { vision.cnn {}, head = head.dense { labels = text.minilm {}:encode { "a" } } } }]]
  local result = evaluate(text, { "data.graph.share=0.5" })
  t.eq(result.node.data.graph.kind, "graph:trim")
  t.eq(result.node.data.graph.of.name, "animals")
  t.eq(result.node.data.graph.share, 0.5)
  t.ok(language.canonical(result):find('"of":{"kind":"graph","name":"animals","parts":[]}', 1, true))
end)

isolated("a script declares constructors of its own, gone with it", function()
  local text = [[
    local tiny = declare("head.tiny", { { "width", "integer > 0", 8, "units" } }, function(o) return o.width end)
    return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.tiny { width = 3 } } }]]
  t.eq(evaluate(text).node.model.head:build(), 3)
  t.eq(evaluate(text, { "model.head.width=4" }).node.model.head.width, 4)
  t.eq(schema.registry["head.tiny"], nil)
end)

-- Files of a script, in a folder of this spec's own.
local function with_files(files, fn)
  local base = os.tmpname()
  os.remove(base)
  os.execute("mkdir -p " .. base)
  for name, text in pairs(files) do
    local file = assert(io.open(base .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end
  local done, message = pcall(fn, base .. "/")
  os.execute("rm -r " .. base)
  if not done then error(message, 0) end
end

isolated("require reads files beside the script, recorded and located", function()
  with_files({
    ["main.lua"] = 'local part = require "part"\n' .. experiment("optim = part.optim,"),
    ["part.lua"] = "local rate = 0.25\nreturn { optim = adamw { lr = rate } }",
    ["wrong.lua"] = 'local part = require "broken"\n' .. experiment("optim = part.optim,"),
    ["broken.lua"] = "\nreturn { optim = adamw { lrr = 1 } }",
  }, function(base)
    local result = assert(language.evaluate(base .. "main.lua"))
    t.eq(result.node.optim.lr, 0.25)
    t.eq({ result.files[1].path, result.files[2].path }, { base .. "main.lua", base .. "part.lua" })
    local _, errors = language.evaluate(base .. "wrong.lua")
    t.eq(language.format(errors, { plain = true }), base .. "broken.lua:2:26: unknown key 'lrr' in adamw{}; did you mean 'lr'?")
  end)
end)

local rows = [[
  seeds = { 4, 5 },
  { "full" },
  { "no weight", alpha = 0 },
  { "fast", ["optim.lr"] = 0.5, alpha = 2 }, }]]
local base = experiment("loss = p.alpha * ce {},", 'local p = params { alpha = { 1.0, "weight" } }')

isolated("an ablation: rows by seeds, each a run of the script under overrides", function()
  local inline = 'local p = params { alpha = 1.0 }\nreturn ablate "joining" { base = function(p) return experiment "x" { '
    .. rest .. " loss = p.alpha * ce {} } end," .. rows
  local result = evaluate(inline, { "jobs=1" })
  t.eq({ result.kind, result.name, result.node.jobs }, { "ablate", "joining", 1 })
  local trials = language.trials(result)
  t.eq(#trials, 6)
  t.eq(trials[3].overrides, { "optim.lr=0.5", "alpha=2", "seed=4" })
  t.eq({ trials[5].label, trials[5].row, trials[5].seed }, { "no weight", 2, 5 })
  local trial = evaluate(inline, trials[6].overrides, { base = true })
  t.eq({ trial.kind, trial.seed, trial.node.optim.lr, trial.node.loss.terms[1].weight }, { "experiment", 5, 0.5, 2 })
  local passed = language.trials(evaluate(inline, { "train.epochs=3", "jobs=2" }))
  t.eq(passed[1].overrides, { "train.epochs=3", "seed=4" })
end)

isolated("an ablation of another script", function()
  with_files({ ["base.lua"] = base, ["rows.lua"] = 'return ablate "joining" { base = "base.lua",' .. rows,
               ["wrong.lua"] = 'return ablate "joining" {\n  base = "base.lua",\n  { "typo", alpah = 3 },\n}',
               ["absent.lua"] = 'return ablate "joining" { base = "nothing.lua", { "full" } }' }, function(folder)
    local result = assert(language.evaluate(folder .. "rows.lua"))
    local trial = assert(language.evaluate(folder .. "rows.lua", language.trials(result)[2].overrides, { base = true }))
    t.eq({ trial.kind, trial.seed, trial.node.loss.terms[1].weight }, { "experiment", 4, 0 })
    local _, errors = language.evaluate(folder .. "wrong.lua")
    t.eq(language.format(errors), folder .. "wrong.lua:3:13: unknown parameter 'alpah'; did you mean 'alpha'?\n"
      .. '    { "typo", alpah = 3 },\n              ^')
    _, errors = language.evaluate(folder .. "absent.lua")
    t.eq(language.format(errors, { plain = true }), folder .. "absent.lua:1:8: " .. folder .. "nothing.lua: No such file or directory")
  end)
end)

isolated("a mistake in a base is told once, where it stands", function()
  local _, errors = language.evaluate { name = "x.lua", text = 'return ablate "a" { base = function(p) return experiment "x" { '
    .. rest .. ' optim = adamw { lrr = 3 } } end, { "full" }, { "other", ["train.epochs"] = 3 } }' }
  t.eq(#errors, 1)
  t.ok(errors[1].message:find("unknown key 'lrr' in adamw{}", 1, true), errors[1].message)
end)

t.test("tensors of a script are hashed by their numbers, and drawn ones are the same each time", function()
  local function text(labels)
    local script = ('return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.dense { labels = %s } } }')
      :format(labels)
    local result, errors = language.evaluate({ name = "x.lua", text = script }, {})
    if not result then t.fail(language.format(errors)) end
    return language.canonical(result)
  end
  t.eq(text "torch.randn(10, 4)", text "torch.randn(10, 4)")
  t.eq(text "torch.eye(10)", text "torch.eye(10) * torch.ones(1)")
  t.ok(text "torch.eye(10)" ~= text "torch.eye(10) * 2")
  t.ok(text "torch.eye(10)" ~= text "torch.eye(10):double()")
  torch.manual_seed(4)
  local expected = torch.rand(2)
  torch.manual_seed(4)
  text "torch.randn(10, 4)"
  t.eq(torch.rand(2), expected, "the caller's stream is as it was")
end)

isolated("former names of options and constructors work, tell the new one, and leave no trace in the configuration", function()
  schema.declare("optim.fresh", {
    { "learning_rate", "number >= 0", 1e-3, "step size", aliases = { "lr" } },
    { "decay", "number in [0, 1]", 0, "share", aliases = { { "decay_percent", function(value) return value / 100 end } } },
    { "nested", { { "patience", "integer > 0", 5, "epochs", aliases = { "wait" } } }, {}, "table" },
  }, function(o) return o end)
  schema.renamed("optim.stale", "optim.fresh")
  local new = evaluate(experiment "optim = fresh { learning_rate = 0.5, decay = 0.25, nested = { patience = 2 } },")
  local old = evaluate(experiment "optim = stale { lr = 0.5, decay_percent = 25, nested = { wait = 2 } },")
  t.eq(language.canonical(old), language.canonical(new))
  t.eq(language.format(old.warnings, { plain = true }), table.concat({
    "x.lua:2:109: warning: 'stale' is called 'fresh' now",
    "x.lua:2:117: warning: fresh: 'lr' is called 'learning_rate' now",
    "x.lua:2:127: warning: fresh: 'decay_percent' is called 'decay' now and is written differently; the value is converted",
    "x.lua:2:158: warning: nested: 'wait' is called 'patience' now" }, "\n"))
  t.eq(new.warnings, {})
  local overridden = evaluate(experiment "optim = fresh {},", { "optim.lr=0.5", "optim.decay_percent=25", "optim.nested.wait=2" })
  t.eq(language.canonical(overridden), language.canonical(new))
  t.eq(#overridden.warnings, 3)
  local read = evaluate(experiment "optim = fresh { learning_rate = 4 }, train = { epochs = function(c) return c.optim.lr end },")
  t.eq({ read.node.train.epochs, #read.warnings }, { 4, 1 })
  local _, errors = language.evaluate { name = "x.lua", text = experiment "optim = fresh { lr = 1, learning_rate = 2 }," }
  t.eq(language.format(errors, { plain = true }), "x.lua:2:125: option 'learning_rate' is given twice in fresh{}")
end)

isolated("a second version of a constructor is another configuration", function()
  local function text(version)
    schema.registry["optim.kept"] = nil
    schema.declare("optim.kept", { { "lr", "number >= 0", 1e-3, "step size" } }, function(o) return o end, { version = version })
    return language.hash_input(evaluate(experiment "optim = kept {},"))
  end
  t.ok(not text(nil):find "version")
  t.ok(text(2):find('{"kind":"optim.kept","lr":0.001,"version":2}', 1, true))
end)

isolated("~key restores what the declaration says, made anew where that is a node", function()
  local text = experiment "optim = sgd { lr = 3 }, train = { clip = 2, epochs = 4 }, eval = { metrics = { \"ece\" } },"
  t.eq(evaluate(text, { "~optim" }).node.optim.kind, "optim.adamw")
  t.eq(evaluate(text, { "~optim.lr" }).node.optim.lr, 1e-3)
  t.eq(evaluate(text, { "~train.clip" }).node.train.clip, nil)
  t.eq(evaluate(text, { "~eval.metrics" }).node.eval.metrics, { "top1" })
  t.eq({ evaluate(text, { "~train" }).node.train.epochs, evaluate(text, { "~train", "seed=5" }).seed }, { 10, 5 })
  t.eq(evaluate(text, { "eval.metrics=" }).node.eval.metrics, {})
end)
