-- `moonlab run` and `check` as a user meets them: a run that ends, one that is interrupted, and every kind of bad input,
-- answered by located lines and exit code 2.
local t = require "test"
local program = require "tests.program"
local system = require "host.system"

-- The folder of $MOONLAB_DATA that has the set, or a skip that says where it looked.
local function data_folder(set)
  local data = os.getenv "MOONLAB_DATA" or ""
  for folder in data:gmatch "[^:]+" do
    if system.stat(folder .. "/" .. set) then return system.absolute(folder) end
  end
  t.skip(("no folder %s in $MOONLAB_DATA ('%s')"):format(set, data))
end

local good = [[
params { rate = { 1e-3, "learning rate" } }
return experiment "quick" {
  data = mnist { fraction = 0.01 },
  model = trunk { vision.mlp {}, head = head.softmax {} },
  loss = ce {},
  optim = adamw { lr = 1e-3 },
  train = { epochs = 2 },
}
]]

local function sandbox(script)
  return program.folder { ["s.lua"] = script }
end

local function run(folder, words, data)
  local o = { directory = folder, home = folder .. "/home", environment = { MOONLAB_STORE = folder .. "/runs" } }
  o.environment.MOONLAB_DATA = data or false
  for i, word in ipairs(words) do o[i] = word end
  return program.run(o)
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

-- The script is refused with these lines; nothing is run.
local function refused(script, words, lines, data)
  local folder = sandbox(script)
  local result = run(folder, words or { "run", "s.lua" }, data)
  t.eq(result.code, 2, result.err)
  has(result.err, unpack(lines))
  t.ok(not result.err:find("traceback", 1, true) and not result.err:find("called from", 1, true), result.err)
  t.eq(system.stat(folder .. "/runs"), nil, "no run was begun")
  system.remove(folder)
  return result
end

t.test("a run trains, evaluates and leaves its directory; elsewhere than on a terminal it prints plain lines", function()
  local data = data_folder "mnist"
  local folder = sandbox(good)
  local result = run(folder, { "run", "s.lua", "rate=0.01" }, data)
  t.eq(result.code, 0, result.err)
  has(result.out, "test.top1")
  t.ok(not result.out:find "[\r\27]", "no control codes")
  local ids = system.list(folder .. "/runs")
  t.eq(#ids, 1)
  local path = folder .. "/runs/" .. ids[1]
  for _, name in ipairs { "config.json", "metrics.jsonl", "meta.json", "script.lua", "status", "ckpt" } do
    t.ok(system.stat(path .. "/" .. name), name .. " is missing")
  end
  local file = io.open(path .. "/status")
  t.eq(file:read "*a", "done\n")
  file:close()
  system.remove(folder)
end)

t.test("the first signal saves and leaves with 75", function()
  local data = data_folder "mnist"
  for _, signal in ipairs { "INT", "TERM" } do
    local folder = sandbox(good)
    local process = program.start { "run", "s.lua", "train.epochs=100000", directory = folder,
      environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data } }
    local limit, metrics = system.clock() + 60, nil
    while not metrics do -- wait for the first epoch
      t.ok(system.clock() < limit and not process:poll(), "the run writes no metrics: " .. process:read() .. process:read_errors())
      system.sleep(0.05)
      local id = (system.list(folder .. "/runs") or {})[1]
      local stat = id and system.stat(folder .. "/runs/" .. id .. "/metrics.jsonl")
      metrics = stat and stat.size > 0 and id
    end
    process:kill(signal)
    local result = program.finish(process)
    t.eq(result.code, 75, result.err)
    local file = io.open(folder .. "/runs/" .. metrics .. "/status")
    t.eq(file:read "*a", "interrupted\n")
    file:close()
    t.ok(#system.list(folder .. "/runs/" .. metrics .. "/ckpt") > 0, "a checkpoint is there")
    system.remove(folder)
  end
end)

t.test("an interrupted ablation saves its running trials and leaves with 75", function()
  local data = data_folder "mnist"
  local folder = sandbox [[
params { lr = 1e-3 }
return ablate "two rates" {
  seeds = { 1, 2 }, metrics = { "test.top1" },
  { "slow" }, { "fast", lr = 1e-2 },
  base = function(p)
    return experiment "rate" {
      data = mnist { fraction = 0.01 },
      model = trunk { vision.mlp {}, head = head.softmax {} },
      loss = ce {}, optim = adamw { lr = p.lr }, train = { epochs = 100000 },
    }
  end,
}
]]
  local process = program.start { "run", "s.lua", directory = folder,
    environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data } }
  local function training() -- runs that have written metrics
    local n = 0
    for _, id in ipairs(system.list(folder .. "/runs") or {}) do
      local stat = system.stat(folder .. "/runs/" .. id .. "/metrics.jsonl")
      if stat and stat.size > 0 then n = n + 1 end
    end
    return n
  end
  local limit = system.clock() + 60
  while training() == 0 do
    t.ok(system.clock() < limit and not process:poll(), process:read() .. process:read_errors())
    system.sleep(0.05)
  end
  process:kill "TERM"
  local result = program.finish(process)
  t.eq(result.code, 75, result.out .. result.err)
  for _, id in ipairs(system.list(folder .. "/runs")) do
    local file = io.open(folder .. "/runs/" .. id .. "/status")
    t.eq(file:read "*a", "interrupted\n")
    file:close()
  end
  system.remove(folder)
end)

t.test("check builds, runs one batch and starts no run", function()
  local data = data_folder "mnist"
  local folder = sandbox(good)
  local result = run(folder, { "check", "s.lua" }, data)
  t.eq(result.code, 0, result.err)
  has(result.out, "ln 10 = 2.3026")
  t.eq(system.stat(folder .. "/runs"), nil)
  system.remove(folder)
end)

t.test("all mistakes of a script at once, each with file, line, column and the nearest word", function()
  refused([[
local d = mnst { fraction = 0.02 }
return experiment "bad" {
  data = mnist { fraction = "half" },
  model = trunk { vision.mlpp {}, head = head.softmax {} },
  loss = ce { label_smothing = 0.1 },
  optim = adamw { lr = -1, weight_decy = 0.1 },
  train = { epochs = 2 },
}
]], nil, {
    "s.lua:1:11: unknown name 'mnst'; did you mean 'mnist'?",
    "s.lua:3:18: mnist: option 'fraction' must be a number in (0, 1], got 'half'",
    "s.lua:4:26: unknown vision encoder 'mlpp'; did you mean 'mlp'?",
    "s.lua:5:15: unknown key 'label_smothing' in ce{}; did you mean 'label_smoothing'?",
    "s.lua:6:19: adamw: option 'lr' must be a non-negative number, got -1",
    "s.lua:6:28: unknown key 'weight_decy' in adamw{}; did you mean 'weight_decay'?",
  })
end)

t.test("check answers the same", function()
  refused("return experiment 'x' { data = mnst {} }\n", { "check", "s.lua" }, { "unknown name 'mnst'" })
end)

t.test("scripts that are no experiment", function()
  refused("return 5\n", nil, { "s.lua:1:1: the script must return an experiment" })
  refused("local x = nil\nx.y = 1\n", nil, { "s.lua:2:", "nil" })
  refused("return experiment 'x' {\n", nil, { "s.lua:1:", "<eof>" })
  refused("print(os.time())\nreturn 5\n", nil, { "s.lua:1:", "os" })
end)

t.test("wrong overrides", function()
  refused(good, { "run", "s.lua", "optim.lr=fast" }, { "override 'optim.lr=fast'", "number" })
  refused(good, { "run", "s.lua", "optim.lrr=1" }, { "unknown key 'lrr' in adamw{}; did you mean 'lr'?" })
  refused(good, { "run", "s.lua", "rat=1" }, { "rat", "did you mean 'rate'?" })
  refused(good, { "run", "s.lua", "train.epochs=1,2" }, { "sweep" })
  refused(good, { "run", "s.lua", "device=cuda:99" }, { "cuda:99" })
end)

t.test("wrong words on the command line", function()
  refused(good, { "run" }, { "which script?" })
  refused(good, { "run", "missing.lua" }, { "missing.lua" })
  refused(good, { "run", "s.lua", "--devce", "cpu" }, { "unknown flag '--devce'; did you mean '--device'?" })
end)

t.test("a data set that is not there, or cut short", function()
  refused(good, nil, { "s.lua:3:10: data set 'mnist' is not in", "`moonlab data get mnist` fetches it" })
  local data = data_folder "mnist"
  local folder = system.temporary_folder "moonlab-data"
  system.mkdir(folder .. "/mnist")
  for _, name in ipairs(system.list(data .. "/mnist")) do
    local file = io.open(data .. "/mnist/" .. name, "rb")
    system.write_atomic(folder .. "/mnist/" .. name, file:read(50000))
    file:close()
  end
  refused(good, nil, { "s.lua:3:10:", "train-images-idx3-ubyte.gz", "cut short" }, folder)
  system.remove(folder)
end)
