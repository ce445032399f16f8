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
