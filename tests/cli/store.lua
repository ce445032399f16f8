-- `moonlab ls`, `show`, `diff`, `table`, `gc`, `reindex` and `report` as a user meets them, on a store that this spec writes.
local t = require "test"
local host_run = require "host.run"
local program = require "tests.program"
local system = require "host.system"

local folder = program.folder {}
local store = folder .. "/runs"

-- A run as the runner leaves it; its directory changed `age` seconds ago.
local function make(o)
  local meta = { name = o.name, script = "s.lua", overrides = o.overrides or {}, seed = o.seed or 0, started = system.time() - (o.age or 60),
                 host = "here", device = "cpu", config_hash = o.hash or "c" .. o.name .. (o.seed or 0), code_id = "feed",
                 params = o.params, tag = o.tag, smoke = o.smoke, process = o.process,
                 data = { train = ("ab"):rep(32) }, versions = { libtorch = "2.13.0" } }
  local config = ('{"kind":"experiment","optim":{"kind":"optim.adamw","lr":%g},"title":"%s"}'):format(o.lr or 0.1, o.name)
  local run = host_run.create(store, { name = o.name, config = config, meta = meta })
  for _, record in ipairs(o.records or {}) do run:add_metrics(record) end
  if o.error then run:set_error(o.error) end
  run:set_status(o.status or "done")
  for _, name in ipairs(o.files or {}) do run:write(name, ("x"):rep(2000)) end
  if o.age then
    system.spawn({ "touch", "-d", ("@%d"):format(system.time() - o.age), run:path() }):wait()
  end
  return run:id()
end

local function final(value, extra)
  local record = { epoch = 2, step = 10, seconds = 3, final = true, final_keys = { "test.top1" }, ["test.top1"] = value }
  for key, more in pairs(extra or {}) do record[key] = more end
  return { { epoch = 1, step = 5, seconds = 1.5, ["val.top1"] = value / 2, ["train.loss"] = 2 }, record }
end

local function run(...)
  return program.run { directory = folder, home = folder .. "/home", environment = { MOONLAB_STORE = store, NO_COLOR = "1" }, ... }
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

-- Refused with exit code 2: the whole text.
local function refused(words, expected)
  local result = run(unpack(words))
  t.eq({ result.code, result.out, result.err }, { words.code or 2, "", expected })
end

t.test("an empty store says so, and nothing is made by looking", function()
  t.eq(run("ls"), { code = 0, out = "no runs in " .. store .. "\n", err = "" })
  t.eq(run("ls", "--json").out, "[]\n")
  t.eq(run("gc"), { code = 0, out = "nothing to remove in " .. store .. "\n", err = "" })
  t.ok(not system.stat(store))
end)

local a = make { name = "alpha", params = { head = "lwal10", width = 8 }, records = final(0.75), age = 7200, tag = "x" }
local b = make { name = "beta", params = { head = "onehot", width = 8 }, records = final(0.5), lr = 0.001, seed = 3, age = 3600 }
local c = make { name = "gamma", params = { head = "lwal", width = 8 }, status = "failed", error = "line 1\nline 2", age = 60,
                 records = { { epoch = 1, step = 5, ["val.top1"] = 0.1, ["train.loss"] = 2 } } }

t.test("ls: what runs reached and how they differ, in a pipe without a word too many", function()
  local result = run "ls"
  t.eq({ result.code, result.err }, { 0, "" })
  local lines = {}
  for line in result.out:gmatch "[^\n]+" do lines[#lines + 1] = line:gsub("%s+", " ") end
  t.eq(lines[1], "run status test.top1 head seed tag val.top1")
  t.eq(lines[3], a .. " done 0.7500 lwal10 0 x 0.3750")
  t.eq(lines[4], b .. " done 0.5000 onehot 3 0.2500")
  t.eq(lines[5], c .. " failed lwal 0 0.1000")
  t.eq(#lines, 5)
  t.ok(not result.out:find "\27" and not result.out:find " \n")
end)

-- The ids that a query finds.
local function found(...)
  local result = run("ls", "--json", ...)
  t.eq({ result.code, result.err }, { 0, "" })
  local ids = {}
  for i, one in ipairs(system.json(result.out)) do ids[i] = one.id end
  return ids
end

t.test("ls: queries, orders, limits", function()
  t.eq(found "top1>0.4", { a, b })
  t.eq(found "test.top1>=0.5 head=lwal*", { a })
  t.eq(found("head=lwal,onehot", "status=done"), { b })
  t.eq(found "head!=lwal*", { b })
  t.eq(found "age<90m", { b, c })
  t.eq(found "age>30m status!=failed", { a, b })
  t.eq(found "optim.lr<0.01", { b })
  t.eq(found "lr=0.1", { a, c })
  t.eq(found "tag=x", { a })
  t.eq(found "'seed=3'", { b })
  t.eq(found "GAMMA", { c }) -- a word alone, in any case
  t.eq(found("--sort", "-top1"), { a, b, c }) -- of c the metric of its name's end: val.top1
  t.eq(found("--sort=top1"), { c, b, a })
  t.eq(found("--limit", "1"), { c })
  t.eq(found("--sort", "-test.top1", "--limit", "1"), { a })
  t.eq(found "width=9", {})
  has(run("ls", "width=9").out, "none of the 3 runs in " .. store .. " fits width=9\n")
  has(run("ls", "--limit", "2").out, "the newest 2 of 3 runs; --limit N shows more")
  has(run("ls", "lr=0.1", "--columns", "optim").out, "lr", "optim", "optim.adamw")
end)

t.test("ls: JSON and CSV have everything", function()
  local one = system.json(run("ls", "alpha", "--json").out)[1]
  t.eq({ one.id, one.status, one.tag, one.epoch, one.params.head, one.metrics["test.top1"], one.metrics["train.loss"] },
    { a, "done", "x", 2, "lwal10", 0.75, 2 })
  local csv = run("ls", "--csv").out
  has(csv, "id,status,name,", ",param.head,param.width,test.top1,train.loss,val.top1\r\n", ",lwal10,8,0.75,2,0.375\r\n")
end)

t.test("ls: what is wrong with a query", function()
  refused({ "ls", "haed=x" }, [[
moonlab ls: unknown key 'haed'; did you mean 'head'?
  of every run: id, status, name, script, tag, seed, age, seconds, epoch,
    step, smoke, sweep, parent, host, started, config_hash, cell_hash, code_id
  parameters: head, width
  metrics: test.top1, train.loss, val.top1
  options by their paths, such as optim.lr
]])
  refused({ "ls", "status=don" }, "moonlab ls: 'status=don': unknown status 'don'; did you mean 'done'? "
    .. "(running, done, failed, diverged, interrupted, killed, pruned, unknown)\n")
  refused({ "ls", "age<7x" },
    "moonlab ls: 'age<7x': age is compared with a duration, as in age<90s, age<15m, age>2h, age<7d\n")
  refused({ "ls", "top1>" }, "moonlab ls: 'top1>': what top1 is compared with is missing\n")
  refused({ "ls", ">0.5" }, "moonlab ls: '>0.5': there is no key before '>'\n")
  refused({ "ls", "top1=>0.5" }, "moonlab ls: 'top1=>0.5': unknown operator '=>' (=, !=, <, <=, >, >=)\n")
  refused({ "ls", "top1>x" }, "moonlab ls: 'top1>x': top1 is a number, got 'x'\n")
  refused({ "ls", "top1>0.1,0.2" }, "moonlab ls: 'top1>0.1,0.2': > takes one value\n")
  refused({ "ls", "name=\"a b" }, "moonlab ls: the quote \" at character 6 of 'name=\"a b' is not closed\n")
  refused({ "ls", "--json", "--csv" }, "moonlab ls: one of --json and --csv\n")
  has(run("ls", "--sort", "-tpo1").err, "unknown key 'tpo1'; did you mean 'top1'?")
end)

t.test("the index is only an index: damaged, gone, in the way", function()
  local function write(text)
    local file = assert(io.open(store .. "/index.db", "wb"))
    file:write(text)
    file:close()
  end
  for _, ending in ipairs { "", "-wal", "-shm" } do system.remove(store .. "/index.db" .. ending) end
  t.eq(found "alpha", { a })
  write(("no database "):rep(500))
  local result = run("ls", "alpha")
  t.eq(result.code, 0)
  has(result.out, a)
  t.eq(result.err, store .. "/index.db was damaged or of another version; it is made anew\n")
  t.eq(found "alpha", { a })
  result = run "reindex"
  t.eq({ result.code, result.err }, { 0, "" })
  t.ok(result.out:match "^3 runs in .*, %d+%.%d s\n$", result.out)
  system.remove(store .. "/index.db")
  assert(system.mkdir(store .. "/index.db"))
  result = run("ls", "alpha")
  t.eq(result.code, 0)
  has(result.out, a)
  has(result.err, "index.db cannot be used (unable to open database file); all runs are read instead")
  system.remove(store .. "/index.db")
end)

t.test("a run whose process is gone is killed, and comes back when its folder changes", function()
  local mark = { pid = 1, began = "not then", boot = "another boot", host = system.hostname() }
  local id = make { name = "gone", status = "running", process = mark, age = 120 }
  t.eq(found "status=killed", { id })
  t.eq(found "status=killed", { id })
  host_run.open(store, id):set_status "done"
  t.eq(found "status=killed", {})
  system.remove(store .. "/" .. id)
  t.eq(found "gone", {})
end)

t.test("show: a run by any unique part of its id, the nearest otherwise", function()
  local result = run("show", a)
  t.eq({ result.code, result.err }, { 0, "" })
  has(result.out, "run        " .. a, "status     done", "tag        x", "(2 h ago)", "trained    epoch 2, step 10, 3 s",
    "data       train abababababab\n", "versions   libtorch 2.13.0", "parameters\n  head   lwal10\n  width  8\n",
    "metrics after training\n  test.top1  0.75\n")
  for line in result.out:gmatch "[^\n]+" do t.ok(#line <= 80 or line:find(folder, 1, true), line) end
  has(run("show", a:sub(-4)).out, a)
  has(run("show", "last").out, c, "last metrics\n  train.loss  2\n", "error\n  line 1\n  line 2\n")
  t.eq(system.json(run("show", "last", "--json").out).meta.params.head, "lwal")
  has(run("show", a, "--config").out, '"lr":0.1')
  refused({ "show", a:sub(1, -2) .. "!", code = 1 }, ("moonlab show: no run '%s!' in %s; did you mean '%s'?\n"):format(
    a:sub(1, -2), store, a))
  refused({ "show", a:sub(1, 8), code = 1 }, ("moonlab show: '%s' may be any of 3 runs in %s: %s, %s, %s\n"):format(a:sub(1, 8),
    store, unpack((function()
      local ids = { a, b, c }
      table.sort(ids)
      return ids
    end)())))
  refused({ "show" }, "moonlab show: which run? moonlab show ID (moonlab ls lists them)\n")
  refused({ "show", a, b }, ("moonlab show: takes one run, got '%s' too; moonlab diff A B compares two\n"):format(b))
end)

t.test("diff: only what is different, side by side", function()
  local result = run("diff", a, b)
  t.eq({ result.code, result.err }, { 1, "" })
  local text = result.out:gsub(" +", " ")
  has(text, "\nrun\n seed 0 3\n tag x -\n", "\nparameters\n head lwal10 onehot\n", "\nconfiguration\n optim.lr 0.1 0.001\n title alpha beta\n",
    "\nmetrics\n test.top1 0.75 0.5 -0.25\n")
  t.ok(not text:find("width", 1, true) and not text:find("data", 1, true))
  t.eq(run("diff", a, a), { code = 0, out = "no difference\n", err = "" })
  t.eq(system.json(run("diff", a, b, "--json").out).parameters.head, { "lwal10", "onehot" })
  refused({ "diff", a }, "moonlab diff: takes two runs: moonlab diff A B (moonlab ls lists them)\n")
  t.eq(run("diff", a, "nothing").code, 2)
end)

t.test("gc: lists, and removes with --yes only; never what finished, lives or is needed", function()
  local mark = { pid = system.pid(), boot = "x", host = "elsewhere" }
  local kept = {
    make { name = "live", status = "running", process = mark, age = 86400 * 30 },
    make { name = "young", status = "interrupted", age = 3600 },
    make { name = "old", status = "done", age = 86400 * 300, files = { "ckpt/last.safetensors" } },
    make { name = "trial", status = "interrupted", age = 86400 * 30, hash = "needed" },
    a, b, c,
  }
  local pruned = make { name = "pruned", status = "pruned", age = 86400, hash = "pruned", files = { "ckpt/state.pt" } }
  local gone = { make { name = "smoked", smoke = true, age = 60 }, make { name = "dead", status = "failed", age = 86400 * 8 } }
  assert(system.mkdir(store .. "/sweeps/s-123456"))
  assert(system.write_atomic(store .. "/sweeps/s-123456/sweep.json",
    '{"name":"s","cells":[{"trials":[{"hash":"needed","seed":1},{"hash":"pruned","seed":1}]}]}'))
  assert(system.write_atomic(store .. "/sweeps/s-123456/journal.log", "1.0\tpruned\tpruned\t4\t" .. pruned .. "\n"))
  assert(system.mkdir(store .. "/somebody-elses"))
  assert(system.write_atomic(store .. "/somebody-elses/config.json", "{}"))
  system.spawn({ "touch", "-d", "@1000000000", store .. "/somebody-elses" }):wait()
  assert(system.write_atomic(store .. "/" .. a .. "/meta.json.Xy12Zq", "half"))
  system.spawn({ "touch", "-d", "@1000000000", store .. "/" .. a .. "/meta.json.Xy12Zq" }):wait()

  local result = run "gc"
  t.eq({ result.code, result.err }, { 0, "" })
  has(result.out, "smoke run", gone[1], "failed", gone[2], "weights of a pruned trial", pruned .. "/ckpt", "left half written",
    "4 places, ", "moonlab gc --yes removes them\n")
  for _, id in ipairs(gone) do t.ok(system.stat(store .. "/" .. id), "listing removes nothing") end
  result = run("gc", "--yes")
  t.eq({ result.code, result.err }, { 0, "" })
  has(result.out, "4 places removed, ")
  for _, id in ipairs(gone) do t.ok(not system.stat(store .. "/" .. id), id) end
  for _, id in ipairs(kept) do t.ok(system.stat(store .. "/" .. id), id) end
  t.ok(system.stat(store .. "/" .. pruned) and not system.stat(store .. "/" .. pruned .. "/ckpt"))
  t.ok(system.stat(store .. "/somebody-elses/config.json") and not system.stat(store .. "/" .. a .. "/meta.json.Xy12Zq"))
  t.ok(system.stat(store .. "/" .. kept[3] .. "/ckpt/last.safetensors"))
  assert(system.write_atomic(store .. "/sweeps/s-123456/sweep.json", "torn"))
  has(run("gc", "--older", "0s").err, "sweep.json cannot be read, so that nobody knows which runs it needs")
  system.remove(store .. "/sweeps")
  refused({ "gc", "--older", "soon" }, "moonlab gc: --older takes a time such as 15m, 2h or 7d, got 'soon'\n")
  refused({ "gc", "all" }, "moonlab gc: takes no words, got 'all'\n")
end)

t.test("table and reindex: what they do not take", function()
  refused({ "table" }, "moonlab table: which sweep? moonlab table SWEEP, or the script of an ablation\n")
  refused({ "table", "nothing", code = 1 }, "moonlab table: no sweeps in " .. store .. "\n")
  assert(system.mkdir(store .. "/sweeps/s-1"))
  assert(system.write_atomic(store .. "/sweeps/s-1/sweep.json", '{"cells":5}'))
  refused({ "table", "s-1", code = 1 }, ("moonlab table: %s/sweeps/s-1/sweep.json is damaged: moonlab run of its script "
    .. "writes it anew\n"):format(store))
  system.remove(store .. "/sweeps")
  refused({ "reindex", "x" }, "moonlab reindex: takes no words, got 'x'\n")
end)

t.test("a list on a terminal fits its width and says what it left out", function()
  for i = 1, 3 do make { name = "wide", params = { head = "h" .. i, depth = i, encoder_of_the_model = ("x"):rep(20) .. i }, records = final(i / 10) } end
  local process = system.spawn { system.executable(), "ls", "wide", terminal = true, directory = folder,
                                 environment = { MOONLAB_STORE = store, COLUMNS = false, TERM = "xterm" } }
  local text = ""
  while not process:poll() do
    text = text .. process:read()
    system.sleep(0.02)
  end
  text = text .. process:read()
  has(text, "no room for ", "--columns KEY,... puts them first; --json and --csv give everything")
  local longest = 0
  for line in text:gmatch "[^\r\n]+" do longest = math.max(longest, require "tabulate".width(line)) end
  t.ok(longest <= 80, ("%d columns:\n%s"):format(longest, text))
  t.ok(not text:find "\27", text)
end)

system.remove(folder)
