-- What a sweep comes to before anything runs: its trials and their order, and every mistake where it stands.
local t = require "test"
local axes = require "sweep.axes"
local claims = require "sweep.claims"
local journal = require "sweep.journal"
local language = require "language"
local liveness = require "liveness"
local memory = require "sweep.memory"
local plans = require "sweep.plan"
local record = require "sweep.record"
local system = require "host.system"

local base = [[
params { lr = 1e-3, width = { 16, "units", "integer > 0" }, epochs = 3, head = "a" }
local function base(p)
  return experiment "x" {
    data = mnist5k { val = 0.1 }, model = trunk { vision.mlp { widths = { p.width } }, head = head.softmax {} },
    optim = adamw { lr = p.lr }, train = { epochs = p.epochs }, eval = { during = { "val" }, on = { "test", "val" } },
  }
end
return sweep "s" { base = base,
]]

local function plan_of(text, options)
  local result, errors = language.evaluate({ name = "s.lua", text = base .. text .. " }" },
    options and options.overrides)
  if not result then return nil, language.format(errors) end
  return plans.of(result, options or {})
end

local function labels(plan)
  local list = {}
  for i, trial in ipairs(plan.trials) do list[i] = trial.label end
  return list
end

t.test("all combinations as written, the last axis fastest, seeds of a cell together", function()
  local plan = assert(plan_of "grid = { width = { 8, 4 }, lr = { 0.1, 1e-5 } }, seeds = { 3, 1 }")
  t.eq(labels(plan), {
    "width=8 lr=0.1, seed 3", "width=8 lr=0.1, seed 1", "width=8 lr=1e-05, seed 3", "width=8 lr=1e-05, seed 1",
    "width=4 lr=0.1, seed 3", "width=4 lr=0.1, seed 1", "width=4 lr=1e-05, seed 3", "width=4 lr=1e-05, seed 1" })
  t.eq(plan.trials[3].overrides, { "width=8", "lr=1e-05", "seed=3" })
  t.eq(#plan.cells, 4)
  local hashes = {}
  for _, trial in ipairs(plan.trials) do hashes[trial.hash] = true end
  local count = 0
  for _ in pairs(hashes) do count = count + 1 end
  t.eq(count, 8)
end)

t.test("an axis seed is the seeds; options by their paths; where and derive see values by name", function()
  local plan = assert(plan_of [[grid = { ["optim.weight_decay"] = { 0, 0.1 }, lr = { 0.1, 0.2 }, seed = { 5, 6 } },
    where = function(t)
      return not (t.lr == 0.2 and t["optim.weight_decay"] == 0) and not (t.lr == 0.1 and t.seed == 6)
    end,
    derive = function(t) return { ["train.epochs"] = t.lr < 0.15 and 7 or 2 } end]])
  t.eq(labels(plan), { "optim.weight_decay=0 lr=0.1, seed 5", "optim.weight_decay=0.1 lr=0.1, seed 5",
                       "optim.weight_decay=0.1 lr=0.2, seed 5", "optim.weight_decay=0.1 lr=0.2, seed 6" })
  t.eq(plan.trials[1].overrides, { "optim.weight_decay=0", "lr=0.1", "train.epochs=7", "seed=5" })
  t.eq({ plan.trials[1].epochs, plan.trials[4].epochs }, { 7, 2 })
end)

t.test("lists are values, too", function()
  local plan = assert(plan_of 'grid = { ["model.encoder.widths"] = { { 8 }, { 16, 8 } } }')
  t.eq(labels(plan), { "model.encoder.widths=8", "model.encoder.widths=16,8" })
  t.ok(plan.trials[1].hash ~= plan.trials[2].hash)
end)

t.test("points of a space stand under each combination of the grid", function()
  local plan = assert(plan_of [[grid = { width = { 4, 8 } }, space = { lr = loguniform(1e-4, 1e-1) },
    search = random { n = 3 } ]])
  t.eq(#plan.trials, 6)
  for i = 1, 3 do t.eq(plan.cells[i].values.lr, plan.cells[i + 3].values.lr) end
  t.eq({ plan.cells[1].values.width, plan.cells[4].values.width }, { 4, 8 })
  local adaptive = assert(plan_of [[space = { lr = loguniform(1e-4, 1e-1) }, search = tpe { "val.top1", n = 5 },
    seeds = { 1, 2 }]])
  t.eq({ #adaptive.trials, adaptive:total() }, { 0, 10 })
end)

t.test("the command line replaces an axis, narrows one to a value, and adds one", function()
  local plan = assert(plan_of("grid = { width = { 8, 4 }, lr = { 0.1, 0.2 } }",
    { axes = { axes.of_word "width=1,2,3", axes.of_word "seed=0..1" }, overrides = { "lr=0.5", "epochs=9" } }))
  t.eq(labels(plan), { "width=1 lr=0.5, seed 0", "width=1 lr=0.5, seed 1", "width=2 lr=0.5, seed 0",
                       "width=2 lr=0.5, seed 1", "width=3 lr=0.5, seed 0", "width=3 lr=0.5, seed 1" })
  t.eq(plan.trials[1].overrides, { "epochs=9", "width=1", "lr=0.5", "seed=0" })
  plan = assert(plan_of("grid = { lr = { 1, 2 } }, derive = function(t) return { epochs = t.lr < 1 and 2 or 3 } end",
    { overrides = { "lr=0.5" } }))
  t.eq(plan.trials[1].overrides, { "lr=0.5", "epochs=2", "seed=0" })
end)

t.test("words of the command line as axes", function()
  t.eq(axes.of_word "lr=1e-3,1e-2", { key = "lr", values = { 1e-3, 1e-2 } })
  t.eq(axes.of_word "seed=-1..2", { key = "seed", values = { -1, 0, 1, 2 } })
  t.eq(axes.of_word "seed=0..1,7", { key = "seed", values = { 0, 1, 7 } })
  t.eq(axes.of_word 'name="a,b",c', { key = "name", values = { "a,b", "c" } })
  t.eq(axes.of_word "lr=0.1", nil)
  t.eq(axes.of_word 'name="a,b"', nil)
  t.eq(select(2, axes.of_word "seed=4..0"), "seed: the range 4..0 is empty")
  t.eq(select(2, axes.of_word "lr=1,,2"), "lr: a value is missing in '1,,2'")
  t.eq(select(2, axes.of_word "lr=1,1.0"), "lr: the value 1 stands there twice")
end)

-- "s.lua:LINE:COLUMN: message" of a sweep that is wrong; the sweep's own text begins in line 8.
local function mistake(text)
  local plan, message = plan_of(text)
  if plan then return "none" end
  return message:match "^[^\n]*"
end

local wrong = {
  { "grid = { widht = { 1 } }", "s.lua:9:10: unknown parameter 'widht'; did you mean 'width'?" },
  { 'grid = { width = { 1, "x" } }', "s.lua:9:10: parameter 'width' must be a positive integer, got 'x'" },
  { 'grid = { ["optim.lrr"] = { 1 } }', "s.lua:9:11: unknown key 'lrr' in adamw{}; did you mean 'lr'?" },
  { "grid = { width = {} }", "s.lua:9:1: sweep: the axis 'width' has no values" },
  { "grid = { width = { 2, 2 } }", "s.lua:9:1: sweep: the axis 'width' has the value 2 twice" },
  { "grid = { width = 3 }", "s.lua:9:10: sweep: option 'grid.width' must be a list of values, got 3 (write { 3 })" },
  { "grid = { lr = uniform(0, 1) }",
    "s.lua:9:10: sweep: 'grid.lr' is a range: ranges stand in space = { ... }, drawn from by search = random { n = 64 }" },
  { "grid = {}", "s.lua:9:1: sweep: nothing varies: write grid = { key = { value, value } }" },
  { "space = { lr = uniform(0, 1) }",
    "s.lua:9:1: sweep: a space needs a search that draws from it: search = random { n = 64 }" },
  { "grid = { lr = { 1 } }, search = sobol { n = 4 }",
    "s.lua:9:24: sweep: sobol needs ranges to draw from: space = { lr = loguniform(1e-4, 1e-1) }" },
  { "grid = { seed = { 1 } }, seeds = { 2 }",
    "s.lua:9:26: sweep: seeds are given twice: as seeds and as an axis 'seed' of the grid" },
  { "grid = { lr = { 1 } }, seeds = { 2, 3, 2 }", "s.lua:9:24: sweep: the seed 2 stands there twice" },
  { "grid = { lr = { 1, 2 } }, where = function(t) return false end",
    "s.lua:9:27: where leaves out every trial of the sweep" },
  { "grid = { lr = { 1, 2 } }, where = function(t) return t.rl > 1 end",
    "s.lua:9:56: a trial of this sweep has no 'rl'; did you mean 'lr'?" },
  { "grid = { lr = { 1, 2 } }, derive = function(t) error 'no idea' end", "s.lua:9:48: no idea" },
  { "grid = { lr = { 1, 2 } }, derive = function(t) return { epohs = 3 } end",
    "s.lua:9:57: unknown parameter 'epohs'; did you mean 'epochs'?" },
  { "grid = { lr = { 1, 2 } }, derive = function(t) return 3 end",
    "s.lua:9:27: derive must return a table of further values, got 3" },
  { 'grid = { lr = { 1, 2 } }, prune = asha { "test.top1" }',
    "s.lua:9:27: sweep: asha would choose by 'test.top1', a metric of test data; choose by validation data, or write "
    .. "allow_test_selection = true" },
  { 'grid = { lr = { 1, 2 } }, prune = asha { "val.top2" }',
    "s.lua:9:35: asha: 'lr=1' does not measure 'val.top2'; did you mean 'val.top1'? (val.top1)" },
  { 'grid = { lr = { 1, 2 } }, prune = asha { "val.top1", min = 3 }',
    "s.lua:9:35: asha: the first rung, epoch 3, is not before the end of any trial" },
  { 'grid = { lr = { 1, 2 } }, prune = asha { "val.top1", within = { "widht" } }',
    "s.lua:9:27: sweep: asha: within: the sweep has no axis 'widht' (lr)" },
  { 'space = { lr = uniform(0, 1) }, search = tpe { "val.top1", n = 4 }, prune = asha { "val.top1" }',
    "s.lua:9:69: sweep: asha holds trials back until others come, and tpe draws others only when results are there: "
    .. "take random or sobol with it, or leave asha out" },
  { 'grid = { lr = { 1, 2 } }, report = { tabulate { cell = "test.top7" } }',
    "s.lua:9:38: tabulate: no trial measures 'test.top7'; did you mean 'test.top1'? ("
    .. "test.top1, val.top1, train.loss)" },
  { 'grid = { lr = { 1, 2 }, width = { 1, 2 } }, report = { tabulate { rows = "lr", cell = "test.top1" } }',
    "s.lua:9:56: tabulate: the sweep varies 'width' too, and a mean over it would mix different things: name it "
    .. "in rows or cols" },
  { 'grid = { lr = { 1, 2 } }, report = { tabulate { rows = "lr", cell = "test.top1", baseline = 3 } }',
    "s.lua:9:38: tabulate: the axis 'lr' has no value '3' (1, 2)" },
  { 'grid = { lr = { 1, 2 } }, metrics = { "test.topp1" }',
    "s.lua:9:27: metrics: no trial measures 'test.topp1'; did you mean 'test.top1'? ("
    .. "test.top1, val.top1, train.loss)" },
  { 'grid = { lr = { 1, 2 } }, report = { plot.line { y = "val.top1", color = "rl" } }',
    "s.lua:9:38: plot.line: color: the trials have no parameter 'rl'; did you mean 'lr'?" },
  { 'grid = { lr = { 1, 2 } }, report = { plot.line { y = "val.topp1", color = "lr" } }',
    "s.lua:9:38: plot.line: no trial measures 'val.topp1'; did you mean 'val.top1'? ("
    .. "test.top1, val.top1, train.loss)" },
  { "grid = { lr = { 1, 2 } }, run = { jobs = 0 }",
    "s.lua:9:35: sweep: option 'run.jobs' must be a positive integer, got 0" },
}

for i, case in ipairs(wrong) do
  t.test("wrong sweep " .. i .. ": " .. case[1]:sub(1, 60), function() t.eq(mistake(case[1]), case[2]) end)
end

t.test("test metrics may choose where the script says so", function()
  t.eq(mistake [[grid = { lr = { 1, 2 } }, allow_test_selection = true, space = { width = int(1, 9) },
    search = tpe { "test.top1", n = 4 }]], "none")
end)

t.test("a journal: what a crash tore spoils no other line; several writers", function()
  local folder = system.temporary_folder "journal"
  local one = journal.open(folder)
  one:write("done", "abc", "run\twith\nodd letters")
  local file = assert(io.open(folder .. "/journal.log", "ab"))
  file:write "1234.5\tdone\tto"
  file:close()
  local other = journal.open(folder)
  other:write("failed", "def", 1, "no")
  local events = one:read()
  t.eq(#events, 3)
  t.eq({ events[1][2], events[1][3], events[1][4] }, { "done", "abc", "run with odd letters" })
  t.eq({ events[3][2], events[3][3], events[3][4], events[3][5] }, { "failed", "def", "1", "no" })
  t.eq(#one:read(), 0)
  local fold = record.fold(other:read())
  t.eq({ fold.trials.abc.state, fold.trials.def.state, fold.trials.def.reason }, { "done", "failed", "no" })
  system.remove(folder)
end)

t.test("a claim is one process's; that of a process that is gone is overtaken, by one alone", function()
  local folder = system.temporary_folder "claims"
  local mine = liveness.mark()
  local process = system.spawn { "sleep", "30" }
  local living = liveness.mark(process:pid())
  t.eq({ claims.take(folder, "a", living) }, { true, 0 })
  local taken, holder = claims.take(folder, "a", mine)
  t.eq({ taken, holder.pid }, { false, living.pid })
  process:kill "KILL"
  process:wait(5)
  t.eq({ claims.take(folder, "a", mine) }, { true, 1 })
  t.eq({ claims.take(folder, "a", mine) }, { true, 1 })
  t.eq(system.list(folder), { "a.1", "a.2" })
  io.open(folder .. "/b.1", "w"):close() -- made and not signed: whoever made it may be about to
  t.eq((claims.take(folder, "b", mine)), false)
  system.remove(folder)
end)

t.test("memory: what trials of a cell have held decides how many fit", function()
  local made = memory.new(4)
  t.eq(made.limit, 4 * 2 ^ 30)
  t.ok(made:fits("a", {}))
  t.ok(made:fits("a", { { cell = "a", peak = 0 } }), "nothing is known: two begin")
  t.ok(not made:fits("a", { { cell = "a", peak = 0 }, { cell = "a", peak = 0 } }))
  local running = { cell = "a", peak = 2 ^ 29, age = 5 } -- one that has run for a while tells more than nothing
  t.ok(made:fits("a", { running, running, running, running }))
  t.ok(not made:fits("a", { running, running, running, running, running }))
  made:saw("a", 2 ^ 30)
  t.ok(made:fits("a", { { cell = "a", peak = 0 }, { cell = "a", peak = 0 }, { cell = "a", peak = 0 } }))
  made:saw("b", 3.5 * 2 ^ 30)
  t.ok(not made:fits("b", { { cell = "a", peak = 0 } }))
  t.ok(made:fits("b", { { cell = "a", peak = 2 ^ 30, resting = true } }), "who waits makes room: one always goes on")
end)
