-- `moonlab plot`, `report` and `export` as a user meets them, on runs that this spec trains, and eval.plots.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local data = (function()
  for folder in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do
    if system.stat(folder .. "/mnist") then return system.absolute(folder) end
  end
end)()

local base = [[
local p = params { rate = { 1e-3, "learning rate" }, name = "a<b>&\"c\"" }
return experiment "quick" {
  data = mnist { fraction = 0.005 },
  model = trunk { vision.mlp {}, head = head.softmax {} },
  optim = adamw { lr = p.rate },
  train = { epochs = 2 },
  eval = { during = { "test" }, plots = { plot.curve "test.top1", plot.confusion {}, plot.dendrogram {}, plot.reliability {} } },
}
]]
local rows = [[
return ablate "rates" { base = "s.lua", seeds = { 1, 2 }, metrics = { "test.top1" },
  { "full <script>alert(1)</script>", paper = 0.9 }, { "slow", rate = 1e-4 } }
]]

local sweep = [[
return sweep "rates" { base = "s.lua", grid = { rate = { 1e-3, 1e-4 } }, seeds = { 1, 2 }, metrics = { "test.top1" } }
]]

local folder = data and program.folder { ["s.lua"] = base, ["rows.lua"] = rows, ["sweep.lua"] = sweep }

local function run(words, o)
  if not data then t.skip(("no folder mnist in $MOONLAB_DATA ('%s')"):format(os.getenv "MOONLAB_DATA" or "")) end
  o = o or {}
  local all = { directory = folder, home = folder .. "/home",
                environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data, NO_COLOR = "1" } }
  for i, word in ipairs(words) do all[i] = word end
  return program.run(all)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text:sub(1, 2000))) end
end

t.test("an experiment's plots are drawn beside its numbers", function()
  local result = run { "run", "s.lua" }
  t.eq(result.code, 0, result.err)
  t.eq(result.err, "")
  local id = system.list(folder .. "/runs")[1]
  for _, name in ipairs { "curve", "confusion", "dendrogram", "reliability" } do
    has(read(("%s/runs/%s/artifacts/%s.svg"):format(folder, id, name)), "<svg ", "quick", "</svg>")
  end
end)

t.test("plot: a run's curves on the terminal and in files, its model's confusion", function()
  local result = run { "plot", "last" }
  t.eq(result.code, 0, result.err)
  has(result.out, "quick", "test.top1", "train.loss", "⠉")
  t.ok(not result.out:find "\27", "no control codes")
  result = run { "plot", "last", "test.top1", "-o", "a.svg" }
  t.eq({ result.code, result.out }, { 0, "a.svg\n" }, result.err)
  local svg = read(folder .. "/a.svg")
  run { "plot", "last", "test.top1", "-o", "b.svg" }
  t.eq(read(folder .. "/b.svg"), svg)
  result = run { "plot", "last", "confusion", "share=true", "-o", "c.png", "--theme", "dark", "--scale", "1" }
  t.eq(result.code, 0, result.err)
  t.eq(read(folder .. "/c.png"):sub(2, 4), "PNG")
end)

t.test("plot: mistakes are answered with what there is", function()
  local function refused(words, code, ...)
    local result = run(words)
    t.eq(result.code, code, result.out)
    has(result.err, ...)
    t.ok(not result.err:find("traceback", 1, true) and not result.err:find("stdlib/", 1, true), result.err)
  end
  refused({ "plot" }, 2, "which run?")
  refused({ "plot", "lsat" }, 1, "no run 'lsat'")
  refused({ "plot", "last", "test.topp1" }, 1, "unknown metric 'test.topp1'; did you mean 'test.top1'?")
  refused({ "plot", "last", "confusoin" }, 1, "unknown kind 'confusoin'; did you mean 'confusion'?")
  refused({ "plot", "last", "curve", "bnad=std" }, 1, "unknown key 'bnad' in plot.curve{}; did you mean 'band'?")
  refused({ "plot", "last", "-o", "a.pdf" }, 2, "FILE.svg or FILE.png, got 'a.pdf'")
  refused({ "plot", "last", "-o", "none/a.svg" }, 1, "cannot write none/a.svg: No such file or directory")
  refused({ "plot", "last", "deltas" }, 1, "it compares the rows of an ablation")
  refused({ "plot", "rows.lua" }, 1, "no finished run of rows.lua")
  refused({ "plot", "none.lua" }, 1, "none.lua: no such file")
  refused({ "plot", "s.lua" }, 1, "s.lua is no ablation but one experiment")
  refused({ "plot", "last", "--them", "dark" }, 2, "did you mean '--theme'?")
end)

t.test("a metric that is not measured while training is refused before it begins", function()
  if not folder then t.skip "the runs of this spec need mnist in $MOONLAB_DATA" end
  local script = base:gsub('during = { "test" }, ', "")
  system.write_atomic(folder .. "/late.lua", script)
  local result = run { "run", "late.lua" }
  t.eq(result.code, 2)
  has(result.err, "late.lua:7:", "'test.top1' is measured after training alone", "during = { \"test\" }")
end)

t.test("report: one page without outside addresses, everything escaped", function()
  local result = run { "report", "last", "-o", "run.html" }
  t.eq(result.code, 0, result.err)
  local page = read(folder .. "/run.html")
  has(page, "<!DOCTYPE html>", "test.top1", "<svg ", "a&lt;b&gt;&amp;", "script.lua", "Configuration")
  t.ok(not page:find("https?:") and not page:find("<script", 1, true) and not page:find("src=", 1, true))
  t.eq(select(2, page:gsub("<svg ", "")), 4)
  has(run({ "report", "last" }).err, "where to?")
  has(run({ "report", "last", "-o", "none/x.html" }).err, "cannot write none/x.html: No such file or directory")
end)

t.test("an ablation: plots over its rows and seeds, its report, its numbers as CSV", function()
  local trained = run { "run", "rows.lua", "-q" }
  t.eq(trained.code, 0, trained.err)
  local result = run { "plot", "rows.lua", "test.top1", "-o", "rows.svg" }
  t.eq(result.code, 0, result.err)
  local svg = read(folder .. "/rows.svg")
  has(svg, "full &lt;script&gt;alert(1)&lt;/script&gt;", ">slow<", "mean ± std over 2 seeds", "<polygon")
  result = run { "plot", "rows.lua" }
  has(result.out, "against 'full", "difference in test.top1")
  has(run({ "plot", "rows.lua", "against", "rate", "log=x" }).out, "0.001")
  result = run { "report", "rows.lua", "-o", "rows.html" }
  t.eq(result.code, 0, result.err)
  local page = read(folder .. "/rows.html")
  has(page, "full &lt;script&gt;", "<td class=\"n\">0.9</td>", "4 runs", "s.lua", "difference in test.top1")
  t.ok(not page:find("https?:") and not page:find("<script", 1, true))
  result = run { "export", "rows.lua", "--csv" }
  t.eq(result.code, 0, result.err)
  local lines = {}
  for line in result.out:gmatch "([^\r\n]+)\r\n" do lines[#lines + 1] = line end
  t.eq(#lines, 1 + 4 * 3) -- two epochs and the end of each run
  t.eq(lines[1], "run,row,seed,epoch,step,seconds,final,test.top1,train.ce,train.loss")
  t.ok(lines[2]:match "^%S+,full <script>alert%(1%)</script>,1,1,%d+,[%d.]+,0,0%.%d+,")
  has(run({ "export", "last" }).err, "as what? moonlab export RUN --csv")
  result = run { "export", "rows.lua", "--tensorboard", "-o", "events" }
  t.eq(result.code, 0, result.err)
  t.eq(system.list(folder .. "/events"), { "full _script_alert_1___script_", "slow" })
  local id = system.list(folder .. "/events/slow")[1]
  local events = system.list(folder .. "/events/slow/" .. id)
  t.ok(events[1]:match "^events%.out%.tfevents%.%d+%.moonlab$", events[1])
  local text = read(folder .. "/events/slow/" .. id .. "/" .. events[1])
  has(text, "brain.Event:2", "test.top1", "train.loss")
end)

t.test("table: an ablation from the store, as text, LaTeX, CSV and with tests; nothing is trained", function()
  local result = run { "table", "rows.lua" }
  t.eq(result.code, 0, result.err)
  has(result.out, "full <script>alert(1)</script>", " (2)", "difference", "mean ± std (n); * the best of its column\n")
  result = run { "table", "rows.lua", "--test", "paired_t", "--interval" }
  has(result.out, "[", "mean [95 % interval] (n)", "(paired t\ntest over seeds, Holm's correction for 1 comparison, p < 0.05)")
  has(run({ "table", "rows.lua", "--latex" }).out, "\\begin{tabular}{lrr}", "\\toprule", "$\\pm$")
  has(run({ "table", "rows.lua", "--markdown" }).out, "| slow | ")
  result = run { "table", "rows.lua", "--csv", "-o", "rows.csv" }
  t.eq({ result.code, result.out }, { 0, "rows.csv\n" }, result.err)
  t.ok(read(folder .. "/rows.csv"):match "\nslow,test%.top1,0%.%d+,0%.%d+,2,", read(folder .. "/rows.csv"))
  has(run({ "table", "s.lua" }).err, "moonlab table: s.lua is one experiment; tables are of sweeps and ablations\n")
end)

t.test("a sweep: its table, its plots and its page, by name, id and script", function()
  local trained = run { "run", "sweep.lua", "-q" } -- of whose trials the ablation has made all
  t.eq(trained.code, 0, trained.err)
  local id = system.list(folder .. "/runs/sweeps")[1]
  local text = run({ "table", "rates" }).out
  has(text, "rate", "0.0001", " (2)")
  t.eq(run({ "table", id }).out, text)
  t.eq(run({ "table", "sweep.lua" }).out, text)
  has(run({ "plot", "rates", "test.top1" }).out, "rate=0.001", "rate=0.0001")
  has(run({ "plot", "sweep.lua", "against", "rate", "log=x" }).out, "0.001")
  local result = run { "report", "rates", "-o", "sweep.html" }
  t.eq({ result.code, result.out }, { 0, "sweep.html\n" }, result.err)
  local page = read(folder .. "/sweep.html")
  has(page, "sweep of sweep.lua, 4 of 4 trials finished, 2 cells", "How they differ", "<td>0.0001</td>", "Each run")
  t.ok(not page:find("https?:") and not page:find("<script", 1, true) and not page:find("src=", 1, true))
  local places, links = {}, 0
  for name in page:gmatch ' id="([^"]+)"' do
    t.ok(not places[name], name .. " is there twice")
    places[name] = true
  end
  for name in page:gmatch 'href="#([^"]+)"' do
    links = links + 1
    t.ok(places[name], name)
  end
  t.eq(links, 4)
  has(run({ "report", "raets", "-o", "x.html" }).err, "no run 'raets'")
end)

if folder then system.remove(folder) end
