local t = require "test"
local ablation = require "ablation"

-- Trials as small shell programs: what they print is what a trial of this program reports.
local function fake(values)
  return function(overrides)
    local row, seed = overrides[1]:match "^row=(%d)$", overrides[#overrides]:match "^seed=(%d)$"
    local value = values[tonumber(row)][tonumber(seed)]
    if not value then return { "sh", "-c", "echo 'first line'; echo 'it broke' >&2; exit 3" } end
    local report = ("progress\\tep 1/1\\nmetric\\ttest.top1\\t%s\\nmetric\\ttest.ece\\t0.25\\ndone\\tr%s%s\\n")
      :format(value, row, seed)
    return { "sh", "-c", ("printf '%s'"):format(report) }
  end
end

local function spec(seeds)
  local trials = {}
  for _, seed in ipairs(seeds) do
    for r, label in ipairs { "first", "second" } do
      trials[#trials + 1] = { label = label, row = r, seed = seed, overrides = { "row=" .. r, "seed=" .. seed } }
    end
  end
  return { title = "joining", seeds = seeds, jobs = 2, rows = { "first", "second" }, trials = trials }
end

local function run(made, values)
  local written = {}
  local code, outcome = ablation.run(made, {
    command = fake(values), write = function(text) written[#written + 1] = text end, live = false })
  return code, table.concat(written), outcome
end

t.test("a table of rows with mean, spread, difference to the first row and n", function()
  local made = spec { 1, 2 }
  made.metrics = { "test.top1" }
  local code, text = run(made, { { 0.8, 0.9 }, { 0.9, 1.0 } })
  t.eq(code, 0)
  t.ok(text:find("joining       test.top1   difference   n", 1, true), text)
  t.ok(text:find("first     0.850 ± 0.071                2", 1, true), text)
  t.ok(text:find("second    0.950 ± 0.071       +0.100   2", 1, true), text)
end)

t.test("all metrics are columns where none is chosen", function()
  local _, text = run(spec { 1 }, { { 0.5 }, { 0.5 } })
  t.ok(text:find("joining   test.top1   test.ece   difference   n", 1, true), text)
end)

t.test("a failed trial is reported, in no mean, and gives exit code 5", function()
  local code, text, outcome = run(spec { 1, 2 }, { { 0.8, false }, { 0.9, 1.0 } })
  t.eq(code, 5)
  t.eq(outcome.values[1]["test.top1"], { 0.8 })
  t.ok(text:find("1 of 2", 1, true), text)
  t.ok(text:find("1 of 4 trials failed and are in no mean:\n  first, seed 2: exit code 3: it broke", 1, true), text)
end)

t.test("a trial that says nothing has failed", function()
  local made = spec { 1 }
  local written = {}
  local code = ablation.run(made, { command = function() return { "true" } end,
    write = function(text) written[#written + 1] = text end, live = false })
  t.eq(code, 5)
  t.ok(table.concat(written):find("the trial reported no result", 1, true))
end)

t.test("a script that is wrong ends the ablation with what it says, exit code 2", function()
  local written = {}
  local code = ablation.run(spec { 1, 2 }, { command = function() return { "sh", "-c", "echo 'x.lua:1:2: unknown key' >&2; exit 2" } end,
    write = function(text) written[#written + 1] = text end, live = false })
  t.eq(code, 2)
  t.ok(table.concat(written):find("x.lua:1:2: unknown key\n$"), table.concat(written))
end)

t.test("a paper's numbers stand beside ours and beside the difference", function()
  local made = spec { 1, 2 }
  made.metrics, made.paper = { "test.top1", "test.ece" }, { 0.9091, { ["test.top1"] = 0.95, ["test.ece"] = 0.1 } }
  local _, text = run(made, { { 0.8, 0.9 }, { 0.9, 1.0 } })
  t.ok(text:find("joining       test.top1    paper        test.ece   paper   difference     paper   n", 1, true), text)
  t.ok(text:find("first     0.850 ± 0.071   0.9091   0.250 ± 0.000       -                          2", 1, true), text)
  t.ok(text:find("second    0.950 ± 0.071   0.9500   0.250 ± 0.000   0.100       +0.100   +0.0409   2", 1, true), text)
end)

t.test("a row of which the paper says nothing has a dash", function()
  local made = spec { 1 }
  made.metrics, made.paper = { "test.top1" }, { [2] = 0.95 }
  local values = { { ["test.top1"] = { 0.5 } }, { ["test.top1"] = { 0.5 } } }
  t.eq(ablation.table(made, values, { "test.top1" }, true),
    "| joining | test.top1 | paper | difference | paper | n |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
    .. "| first | 0.500 | - |  |  | 1 |\n| second | 0.500 | 0.950 | +0.000 | - | 1 |")
end)

t.test("what is in the store is not run again and is in the table", function()
  local made, written, started = spec { 1, 2 }, {}, 0
  made.metrics = { "test.top1" }
  local stored = { code = 0, metrics = { { "test.top1", 0.7 } }, run = "r", label = "second" }
  local code, outcome = ablation.run(made, {
    done = { [2] = stored }, note = "nothing but a try", live = false,
    command = function(overrides)
      started = started + 1
      return fake { { 0.8, 0.9 }, { 0.9, 1.0 } }(overrides)
    end,
    write = function(text) written[#written + 1] = text end })
  local text = table.concat(written)
  t.eq({ code, started }, { 0, 3 })
  t.eq(outcome.values[2]["test.top1"], { 0.7, 1.0 })
  t.ok(text:find("4 trials (2 rows, 2 seeds), 2 at a time; 1 in the store\n2/4  ", 1, true), text)
  t.ok(text:find("0.850 ± 0.212", 1, true), text)
  t.eq(select(2, text:gsub("nothing but a try\n", "")), 2)
end)

t.test("a paper's number is a number, of a column that there is", function()
  local language = require "language"
  local function mistake(paper)
    local text = [[return ablate "x" { metrics = { "test.top1" }, { "a", paper = ]] .. paper .. [[ },
      base = function() return experiment "e" { data = mnist5k {}, model = trunk { vision.mlp {}, head = head.softmax {} } } end }]]
    local result, errors = language.evaluate({ name = "x.lua", text = text }, {})
    return not result and errors[1].message or "none"
  end
  t.eq(mistake "0.9", "none")
  t.eq(mistake '{ ["test.top1"] = 0.9 }', "none")
  t.ok(mistake('"0.9"'):find("'rows[1].paper' must be a number or", 1, true), mistake '"0.9"')
  t.ok(mistake('{ ["test.top"] = 0.9 }'):find("no column is called 'test.top'; did you mean 'test.top1'?", 1, true))
end)

t.test("a finished trial is told in a few words, without what has no value yet", function()
  local metrics = { { "test.top1", 0.5 }, { "test.epochs_saved_top1", 0 / 0 }, { "test.ece", 0.25 } }
  t.eq(require "ablation".brief(metrics), "test.top1 0.500  test.ece 0.250")
  t.eq(require "ablation".brief(metrics, { "test.ece" }), "test.ece 0.250")
end)

t.test("n counts trials that finished, also those of a row that lacks the first metric", function()
  local made = spec { 1, 2 }
  made.metrics = { "test.f1", "test.top1" }
  local _, text = run(made, { { 0.8, 0.9 }, { 0.9, 1.0 } })
  t.ok(text:find("\nfirst           -   0.850 ± 0.071                2\n", 1, true), text)
end)

t.test("the test of a difference is paired over seeds and corrected by Holm", function()
  local made = spec { 1, 2, 3 }
  made.metrics, made.test = { "test.top1" }, "paired_t"
  local _, text = run(made, { { 0.80, 0.82, 0.81 }, { 0.85, 0.88, 0.86 } })
  -- scipy.stats.ttest_rel([.85, .88, .86], [.80, .82, .81]): t = 16, p = 0.003883
  t.ok(text:find("joining       test.top1   difference       p   n", 1, true), text)
  t.ok(text:find("second    0.863 ± 0.015       +0.053   0.004   3", 1, true), text)
  made.interval = true
  _, text = run(made, { { 0.80, 0.82, 0.81 }, { 0.85, 0.88, 0.86 } })
  -- scipy.stats.t.interval(0.95, 2, loc = 0.81, scale = sem) = (0.78516, 0.83484)
  t.ok(text:find("0.810 [0.785, 0.835]", 1, true), text)
end)
