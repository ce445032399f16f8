-- `moonlab tune`: tuners that speak lines of JSON on our standard input, tuners that are started and asked, Optuna's
-- command line (a stand-in that notes what it was called with; the real one where it is installed).
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-tune"
system.mkdir(folder .. "/mnist5k")
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end

local function write(name, text) assert(system.write_atomic(folder .. "/" .. name, text)) end

write("s.lua", [[
local p = params { lr = { 1e-3, "rate" }, width = { 4, "units", "integer > 0" } }
return experiment "t" { data = mnist5k { per_class = 2, val = 1, test = 2 },
  model = trunk { vision.mlp { widths = { p.width } }, head = head.softmax {} }, optim = sgd { lr = p.lr },
  train = { epochs = 2 }, eval = { during = { "val" } } }
]])

local function tune(words, input)
  words.directory, words.input = folder, input
  words.environment = { MOONLAB_DATA = folder, MOONLAB_STORE = folder .. "/runs" }
  table.insert(words, 1, "tune")
  return program.run(words)
end

local function messages(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = system.json(line) end
  return list
end

local function ended(list)
  local by_id = {}
  for _, message in ipairs(list) do
    if message.state and message.state ~= "running" then by_id[message.id] = message end
  end
  return by_id
end

t.test("lines on standard input are trials, and what they gave is a line each", function()
  local result = tune({ "s.lua", "lr=loguniform(1e-4,1e-1)", "width=int { 2, 8, log = true }" },
    '{"params":{"lr":0.01}}\n{"params":{"lrr":1},"id":"x"}\nnonsense\n{"params":{"lr":0.1,"width":8},"seed":3}\n'
    .. '{"params":{"width":0}}\n{"foo":1}\n{"params":7}\n{"params":{"lr":{"a":1}},"id":"y"}\n')
  t.eq({ result.code, result.err }, { 5, "" })
  local said = messages(result.out)
  t.eq(said[1], { metric = "val.top1", mode = "max", space = {
    lr = { type = "float", low = 1e-4, high = 0.1, log = true }, width = { type = "int", low = 2, high = 8,
      log = true } } })
  local of = ended(said)
  t.eq({ of[1].state, of[1].params.lr, of[1].value, #of[1].intermediate, of[1].intermediate[2][1] },
    { "complete", 0.01, of[1].values["val.top1"], 2, 2 })
  t.eq({ of[1].value, of[1].values["test.top1"] ~= nil }, { of[1].intermediate[2][2], true })
  t.eq({ of.x.state, of.x.error }, { "failed", "unknown parameter 'lrr'; did you mean 'lr'?" })
  t.eq({ of[2].state, of[2].params }, { "complete", { lr = 0.1, width = 8 } })
  t.eq({ of[3].state, of[3].error }, { "failed", "parameter 'width' must be a positive integer, got 0" })
  t.eq(of.y.error, "params: a name has a number, a text, true, false or a list of such")
  t.eq(of[4].error, "params must be a table of names and values")
  local complaints = {}
  for _, message in ipairs(said) do
    if message.error and not message.state then complaints[#complaints + 1] = message.error end
  end
  t.eq(complaints, { "not a line of JSON: nonsense", 'a line has "params", "stop" or "done"' })
  local run = system.json(program.run { "-e", "local m = load_run '" .. of[2].run
    .. "' print(('{\"seed\":%d}'):format(m.meta.seed))",
    directory = folder, environment = { MOONLAB_DATA = folder, MOONLAB_STORE = folder .. "/runs" } }.out)
  t.eq(run.seed, 3)
end)

-- A tuner of its own: it halves the rate twice, then stops a long trial at its first reading.
write("tuner.lua", [[
local system = require "host.system"
local lr, asked = 0.4, 0
for line in io.lines() do
  local message = system.json(line)
  if message.ask then
    asked = asked + 1
    if asked <= 3 then
      print(('{"id":"t%d","params":{"lr":%g%s}}'):format(asked, lr, asked == 3 and ',"train.epochs":100000' or ""))
      lr = lr / 2
    else
      print '{"done":true}'
    end
  elseif message.state == "running" and message.id == "t3" then
    print '{"stop":"t3"}'
  elseif message.state and message.state ~= "running" then
    local file = io.open("told.txt", "a")
    file:write(("%s %s %g\n"):format(message.id, message.state, message.params.lr))
    file:close()
  end
  io.stdout:flush()
end
]])

t.test("a tuner that is started is asked and told, and may stop a trial", function()
  local result = tune { "s.lua", "--with", system.executable() .. " tuner.lua" }
  t.eq({ result.code, result.err }, { 0, "" })
  local file = assert(io.open(folder .. "/told.txt"))
  t.eq(file:read "*a", "t1 complete 0.4\nt2 complete 0.2\nt3 pruned 0.1\n")
  file:close()
  t.ok(result.out:find "^1  lr=0.4  val.top1 %d.%d+  %d+.%d s\n2  lr=0.2  val.top1 ", result.out)
  t.ok(result.out:find "\n3  lr=0.1 train.epochs=100000  pruned\n\nbest: lr=0", result.out)
  result = tune { "s.lua", "--with", "echo hello; exit 3" }
  t.eq({ result.code, result.err }, { 1, "moonlab tune: the tuner ended with exit code 3\n" })
  result = tune { "s.lua", "--with", "/no/such/tuner" }
  t.ok(result.code == 1 and result.err:find("/no/such/tuner", 1, true) and result.err:find("exit code 127", 1, true),
    result.err)
end)

-- Stands for Optuna's command: it notes its words, and proposes 0.1, 0.2, ...
write("optuna", [[
#!/bin/sh
printf '%s' "$1" >> calls.txt; shift
while [ $# -gt 0 ]; do printf ' %s' "$1" >> calls.txt; [ "$1" = --study-name ] && study=$2; shift; done
echo >> calls.txt
[ "$study" = broken ] && { echo 'Traceback' >&2; echo 'ValueError: broken study' >&2; exit 1; }
if [ "$(tail -n 1 calls.txt | cut -c1-3)" = ask ]; then
  n=$(grep -c '^ask' calls.txt)
  echo "asked" >&2
  echo "{\"number\": $((n - 1)), \"params\": {\"lr\": 0.$n, \"width\": 4}}"
fi
]])

t.test("Optuna's command line is asked for each trial and told of each result", function()
  local sh = "sh " .. folder .. "/optuna"
  local result = tune { "s.lua", "lr=uniform(0.01,1)", "width=4,8", "--optuna", "study", "--storage", "sqlite:///x.db",
    "-n", "2",
                        "--optuna-command", sh, "--sampler", "TPESampler", "--mode", "min", "--metric", "val.top1" }
  t.eq({ result.code, result.err }, { 0, "" })
  local file, calls = assert(io.open(folder .. "/calls.txt")), {}
  for line in file:lines() do calls[#calls + 1] = line end
  file:close()
  local to = " --storage sqlite:///x.db --study-name study"
  t.eq(calls[1], "create-study --skip-if-exists --direction minimize" .. to)
  t.eq(calls[2], 'ask -f json --search-space '
    .. '{"lr":{"attributes":{"high":1,"log":false,"low":0.01},"name":"FloatDistribution"},'
    .. '"width":{"attributes":{"choices":[4,8]},"name":"CategoricalDistribution"}} --sampler TPESampler' .. to)
  t.ok(calls[3]:find("^tell %-%-trial%-number 0 %-%-values [%d.e-]+ %-%-state complete" .. to:gsub("%p", "%%%0")),
    calls[3])
  t.ok(calls[5]:find("^tell %-%-trial%-number 1 "), calls[5])
  t.eq(#calls, 5)
  result = tune { "s.lua", "lr=uniform(0.01,1)", "--optuna", "broken", "--storage", "s", "--optuna-command", sh }
  t.eq({ result.code, result.err }, { 2, ("moonlab tune: %s create-study: ValueError: broken study\n"):format(sh) })
end)

t.test("the real Optuna", function()
  local found = program.run { "-e",
    "local p = require 'host.system'.spawn { '/bin/sh', '-c', 'optuna --version' } p:wait(60) io.write(p:read())" }
  if not found.out:find "%d+%.%d+" then t.skip "there is no command optuna on the path" end
  local storage = "sqlite:///" .. folder .. "/real.db"
  local result = tune { "s.lua", "lr=loguniform(1e-3,1e-1)", "width=int(2,8)", "--optuna", "real", "--storage", storage,
    "-n", "2" }
  t.eq({ result.code, result.err }, { 0, "" })
  local process = system.spawn { "/bin/sh", "-c", "optuna trials -f json --study-name real --storage " .. storage }
  process:wait(60)
  local trials = system.json(process:read())
  t.eq({ #trials, trials[1].state, trials[2].state }, { 2, "COMPLETE", "COMPLETE" })
end)

t.test("a sweep's space and grid are what varies", function()
  write("sweep.lua", [[
return sweep "w" { base = "s.lua", space = { lr = loguniform(1e-3, 1e-1) }, grid = { width = { 2, 4 } }, search = random { n = 2 } }
]])
  local result = tune({ "sweep.lua" }, '{"params":{"lr":0.5,"width":2}}\n{"done":true}\n')
  t.eq({ result.code, result.err }, { 0, "" })
  t.eq(messages(result.out)[1].space, { lr = { type = "float", low = 1e-3, high = 0.1, log = true },
                                        width = { type = "categorical", choices = { 2, 4 } } })
end)

t.test("what is wrong is told before anything runs", function()
  local function refused(expected, ...)
    local result = tune { ... }
    t.eq({ result.code, result.err, result.out }, { 2, "moonlab tune: " .. expected .. "\n", "" })
  end
  refused("which script? moonlab tune FILE [key=loguniform(a,b) ...]")
  refused("--metric: the script does not measure 'val.top'; did you mean 'val.top1'? (test.top1, val.top1, train.loss)",
    "s.lua",
    "--metric", "val.top")
  refused("'test.top1' is a metric of test data, and parameters would be chosen by it; take validation data, or write "
    .. "--allow-test-selection", "s.lua", "--metric", "test.top1")
  refused("what is to be tuned? Hold data out and evaluate it (eval = { during = { \"val\" } }), or name a metric: "
    .. "--metric KEY",
    "s.lua", "eval.during=")
  refused("lr: unknown range 'lguniform'; did you mean 'loguniform'? (uniform, loguniform, int, choice)", "s.lua",
    "lr=lguniform(1,2)")
  refused("lr: uniform: the range is empty: from 2 to 1", "s.lua", "lr=uniform(2,1)")
  refused("--optuna needs --storage, such as sqlite:///study.db", "s.lua", "--optuna", "x")
  refused("--optuna needs a space: a sweep with space = { ... }, or key=loguniform(1e-4,1e-1) on the command line",
    "s.lua",
    "--optuna", "x", "--storage", "y")
  local result = tune { "s.lua", "lrr=uniform(1,2)" }
  t.eq({ result.code, result.err }, { 2, "override 'lrr=1': unknown parameter 'lrr'; did you mean 'lr'?\n" })
end)

system.remove(folder)
