-- Trials an hour: twenty linear heads on 1280-wide features of 1,000 photographs, 20 epochs of batches of 64 each, on
-- two processors, against Hydra with its joblib launcher, a hand-written loop, and a process for each trial.
--
--     moonlab tests/bench/trials.lua [/path/to/python [rounds]]
--
-- Moonlab's side is `moonlab sweep` over four learning rates and five seeds: from the start of the program to the
-- table, each trial with a run directory of its own; once as it is, with heads trained together, and once with
-- --vectorize off. The Python needs torch, hydra-core and hydra-joblib-launcher; its trials read the same features from
-- a file, once with batches of torch's DataLoader and once with batches indexed by hand. All ways take turns, three
-- times unless told otherwise; the best of each counts. Data: flowers17 in $MOONLAB_DATA; the features are those of
-- EfficientNet-Lite0 (`moonlab data get efficientnet_lite0`), computed before.
local runner = require "runner"
local system = require "host.system"

local python = arg and arg[1]
local kTrials, kRounds = 20, tonumber(arg and arg[2]) or 3
local folder = system.temporary_folder "moonlab-trials"
local store = folder .. "/runs"

local base = [[
local p = params { lr = 1e-3 }
return experiment "head" {
  data = flowers17 { take = 1000, side = 128, batch = 64 },
  model = trunk { vision.efficientnet_lite0 { weights = "imagenet", freeze = true }, head = head.softmax {} },
  optim = adam { lr = p.lr }, train = { epochs = 20 },
}
]]
local rates = [[
return sweep "rates" { base = "base.lua", run = { jobs = 2 },
                       grid = { seed = { 0, 1, 2, 3, 4 }, lr = { 0.001, 0.002, 0.003, 0.004 } } }
]]
assert(system.write_atomic(folder .. "/base.lua", base))
assert(system.write_atomic(folder .. "/rates.lua", rates))

-- The features that the trials train on, for Python; computed here where they are not in the cache yet.
local function write_features(path)
  local result, mistakes = runner.evaluate(folder .. "/base.lua", {})
  local made
  if result then made, mistakes = runner.build(result) end
  if not made then
    io.stderr:write(mistakes, "\n")
    os.exit(2)
  end
  local parts = { classes = torch.tensor(made.data.classes) }
  for _, split in ipairs { "train", "test" } do
    local x, y, order = {}, {}, {}
    for batch in made.loaders[split]:each(0) do
      x[#x + 1], y[#y + 1], order[#order + 1] = batch.x, batch.y, batch.idx
    end
    local back = torch.cat(order):argsort()
    parts[split .. "_x"] = torch.cat(x):index_select(0, back)
    parts[split .. "_y"] = torch.cat(y):index_select(0, back)
  end
  torch.save(parts, path)
  return #parts.train_y, parts.train_x:size(1)
end

local function run(command, environment)
  command.directory, command.environment = folder, environment or {}
  command.environment.MOONLAB_STORE = store
  local started = system.clock()
  local child = system.spawn(command)
  if child:wait(600) ~= 0 then
    io.stderr:write(table.concat(command, " "), " failed:\n", child:read(), child:read_errors(), "\n")
    os.exit(1)
  end
  return system.clock() - started, child:read()
end

local script = MOONLAB_ROOT .. "/tests/bench/peers/trials.py"
local features = folder .. "/features.pt"
local samples, width = write_features(features)

local function hydra(batches)
  return function()
    return (run({ python, script, "--multirun", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2",
                  "features=" .. features, "seed=range(5)", "rate=1e-3,2e-3,3e-3,4e-3", "batches=" .. batches },
      { OMP_NUM_THREADS = "1" }))
  end
end

local function moonlab(vectorize)
  return function()
    system.remove(store)
    local seconds, out = run { system.executable(), "sweep", "rates.lua", "--vectorize", vectorize }
    assert(select(2, out:gsub("%d+/20  [^\n]*test%.top1 0%.%d+", "")) == kTrials, out)
    return seconds
  end
end

local ways = { { "moonlab", kTrials, moonlab "auto" }, { "moonlab, each by itself", kTrials, moonlab "off" } }
if python then
  ways[#ways + 1] = { "Hydra, joblib", kTrials, hydra "loader" }
  ways[#ways + 1] = { "Hydra, joblib, indexed batches", kTrials, hydra "indexed" }
  for _, batches in ipairs { "loader", "indexed" } do
    ways[#ways + 1] = { "Python loop" .. (batches == "indexed" and ", indexed batches" or ""), kTrials, function()
      return (run({ python, script, "loop", features, tostring(kTrials), batches }, { OMP_NUM_THREADS = "1" }))
    end }
  end
  ways[#ways + 1] = { "Python process a trial, 2 at once", 2, function()
    local both = '"$0" "$1" one "$2" 0 0.001 loader & "$0" "$1" one "$2" 1 0.001 loader; wait'
    return run({ "sh", "-c", both, python, script, features }, { OMP_NUM_THREADS = "1" })
  end }
end

local best = {}
for round = 1, kRounds do
  for i, way in ipairs(ways) do
    local seconds = way[3]()
    best[i] = math.min(best[i] or math.huge, seconds)
    io.stderr:write(("round %d: %s %.2f s\n"):format(round, way[1], seconds))
  end
end
print(("%d trials, %d samples of %d features"):format(kTrials, samples, width))
print(("%-34s %8s %10s %9s"):format("", "seconds", "trials/h", "/moonlab"))
local ours = kTrials / best[1]
for i, way in ipairs(ways) do
  local rate = way[2] / best[i]
  print(("%-34s %8.2f %10.0f %9.3f"):format(way[1], best[i], rate * 3600, rate / ours))
end
system.remove(folder)
