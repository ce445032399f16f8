-- Heads on cached features that are trained together: the numbers of each are those that it has alone, to rounding, and
-- so are its run, its output and its end.
local t = require "test"
local checkpoint = require "checkpoint"
local host_run = require "host.run"
local language = require "language"
local program = require "tests.program"
local system = require "host.system"
local trial_process = require "trial_process"
local vectorized = require "vectorized"

local function data_folder()
  for folder in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do
    if system.stat(folder .. "/mnist") then return system.absolute(folder) end
  end
  t.skip(("no folder mnist in $MOONLAB_DATA ('%s')"):format(os.getenv "MOONLAB_DATA" or ""))
end

-- A frozen network with weights of a file; what differs between the trials is a parameter.
local script = [[
local p = params { optim = "adam", lr = 1e-2, head_l2 = 0.0, smoothing = 0.0, patience = 0, epochs = 3, fail = 0,
                   loss = "own", data = 150, hook = "none" }
local train = { epochs = p.epochs }
if p.patience > 0 then train.early_stop = { "val.top1", patience = p.patience } end
if p.hook == "step" then train.on = { step = function() end } end
if p.fail > 0 then
  train.on = { epoch = function(state) if state.epoch == p.fail then error "on purpose" end end }
end
local o = {
  data = mnist { take = p.data, val = 0.01, batch = 32 },
  model = trunk { vision.vit { patch = 7, layers = 1, heads = 2, width = 16, weights = "FOLDER/vit.pth",
                               freeze = true },
                  head = head.softmax { l2 = p.head_l2, label_smoothing = p.smoothing } },
  optim = pick(p.optim, {
    adam = adam { lr = p.lr }, adamw = adamw { lr = p.lr, weight_decay = 0.1, schedule = cosine { warmup = "10%" } },
    sgd = sgd { lr = p.lr, momentum = 0.9, nesterov = true }, heads = adam { lr = 1e-3, heads = { lr = p.lr } },
    rmsprop = rmsprop { lr = p.lr } }),
  train = train, eval = { during = { "val" }, metrics = { "top1", "ece" } },
}
if p.loss == "ce" then o.loss = ce { label_smoothing = 0.3 } end
if p.loss == "weighted" then o.loss = ce { class_weights = "balanced" } end
return experiment "probe" (o)
]]

local function prepared()
  local data = data_folder()
  local folder = program.folder {}
  assert(system.write_atomic(folder .. "/probe.lua", (script:gsub("FOLDER", function() return folder end))))
  torch.manual_seed(3)
  local network = vision.vit { patch = 7, layers = 1, heads = 2, width = 16 }:build { image = { 1, 28, 28 } }
  torch.save(network:state_dict(), folder .. "/vit.pth")
  return folder, data
end

local function item_of(folder, data, words, fresh)
  local command = { system.executable(), "run", "--trial", folder .. "/probe.lua" }
  for _, word in ipairs(words) do command[#command + 1] = word end
  return { command = command, fresh = fresh, environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data,
                                                             MOONLAB_HOME = folder .. "/home" } }
end

-- Waits for the end of a started trial: { code, metrics = { [key] = value }, run, errors, pid }.
local function finish(job)
  local result, text, give_up = { metrics = {}, errors = "", pid = job:pid() }, "", system.clock() + 300
  repeat
    trial_process.wait_any({ job }, 0.2)
    result.code = job:poll()
    text, result.errors = text .. job:read(), result.errors .. job:read_errors()
  until result.code or system.clock() > give_up
  for key, value in text:gmatch "metric\t([^\t]+)\t([^\n]+)\n" do result.metrics[key] = tonumber(value) end
  result.run = text:match "done\t([^\n]+)"
  return result
end

local function weights_of(folder, run)
  local all = checkpoint.load(("%s/runs/%s/ckpt/last.safetensors"):format(folder, run))
  return all["head.weight"], all["head.bias"]
end

-- What was trained is the same to rounding, and what was written down has the same keys and epochs.
local function compare(folder, name, together, alone)
  t.eq(together.code, 0, name .. ": " .. together.errors)
  t.eq(alone.code, 0, name .. ": " .. alone.errors)
  local weight, bias = weights_of(folder, together.run)
  local other_weight, other_bias = weights_of(folder, alone.run)
  t.near(weight, other_weight, 2e-5, name)
  t.near(bias, other_bias, 2e-5, name)
  for key, value in pairs(alone.metrics) do t.near(together.metrics[key], value, 1e-3, name .. ": " .. key) end
  local records = host_run.open(folder .. "/runs", together.run):metrics()
  local others = host_run.open(folder .. "/runs", alone.run):metrics()
  t.eq(#records, #others, name .. ": records")
  for i, record in ipairs(records) do
    for key, value in pairs(others[i]) do
      if key ~= "seconds" and type(value) == "number" then t.near(record[key], value, 1e-3, name .. ": " .. key) end
    end
    t.eq({ record.epoch, record.step }, { others[i].epoch, others[i].step }, name)
  end
end

local function key_of(folder, data, words)
  local before = os.getenv "MOONLAB_DATA"
  system.set_environment("MOONLAB_DATA", data)
  local result, mistakes = language.evaluate(folder .. "/probe.lua", words)
  system.set_environment("MOONLAB_DATA", before)
  if not result then error(language.format(mistakes)) end
  return vectorized.key(result)
end

t.test("what can be trained together, and what cannot", function()
  local folder, data = prepared()
  local key = key_of(folder, data, {})
  t.ok(key)
  for _, words in ipairs { { "seed=4" }, { "lr=0.1", "smoothing=0.2" }, { "optim=sgd" }, { "head_l2=0.1", "loss=ce" },
                           { "patience=2" }, { "fail=2" } } do
    t.eq(key_of(folder, data, words), key, table.concat(words, " "))
  end
  for _, words in ipairs { { "epochs=4" }, { "data=140" } } do
    local other = key_of(folder, data, words)
    t.ok(other and other ~= key, table.concat(words, " "))
  end
  for _, words in ipairs { { "hook=step" }, { "loss=weighted" }, { "train.clip=1" }, { "train.steps=3" },
                           { "train.accumulate=2" }, { "train.precision=bf16" }, { "train.ema=0.9" },
                           { "model.head.class_weights=balanced" }, { "data.augment={flip {}}" } } do
    local read, other = pcall(key_of, folder, data, words)
    t.ok(not read or other == nil, table.concat(words, " "))
  end
  system.remove(folder)
end)

t.test("trials trained together have the numbers of trials alone", function()
  local folder, data = prepared()
  local cases = { { "seed=1" }, { "seed=2" }, { "seed=1", "lr=0.003" }, { "seed=2", "optim=adamw" },
                  { "seed=1", "optim=sgd", "head_l2=0.01" }, { "seed=3", "smoothing=0.2" }, { "seed=1", "loss=ce" },
                  { "seed=4", "optim=heads" }, { "seed=5", "optim=rmsprop" }, { "seed=2", "patience=1", "lr=0.3" } }
  local items, jobs = {}, {}
  for i, words in ipairs(cases) do items[i] = item_of(folder, data, words) end
  trial_process.expect(items, { jobs = 1, threads = 1 })
  for i, item in ipairs(items) do jobs[i] = finish(trial_process.start(item, 1)) end
  for i, words in ipairs(cases) do
    t.eq(jobs[i].pid, jobs[1].pid, "all in one process")
    local alone = finish(trial_process.start(item_of(folder, data, words, true), 1))
    compare(folder, table.concat(words, " "), jobs[i], alone)
  end
  trial_process.close()
  system.remove(folder)
end)

t.test("one that fails costs the others nothing", function()
  local folder, data = prepared()
  local cases, items, jobs = { { "seed=1" }, { "seed=2", "fail=2" }, { "seed=3" } }, {}, {}
  for i, words in ipairs(cases) do items[i] = item_of(folder, data, words) end
  trial_process.expect(items, { jobs = 1, threads = 1 })
  for i, item in ipairs(items) do jobs[i] = finish(trial_process.start(item, 1)) end
  t.eq({ jobs[1].code, jobs[2].code, jobs[3].code }, { 0, 1, 0 })
  t.ok(jobs[2].errors:find("on purpose", 1, true), jobs[2].errors)
  t.eq(jobs[1].errors .. jobs[3].errors, "")
  for _, i in ipairs { 1, 3 } do
    compare(folder, cases[i][1], jobs[i], finish(trial_process.start(item_of(folder, data, cases[i], true), 1)))
  end
  trial_process.close()
  system.remove(folder)
end)

t.test("where their process is killed they go on alone; who is told to leave leaves alone", function()
  local folder, data = prepared()
  local items, jobs = {}, {}
  for i = 1, 3 do items[i] = item_of(folder, data, { "seed=" .. i, "epochs=1500" }) end
  trial_process.expect(items, { jobs = 1, threads = 1 })
  for i, item in ipairs(items) do jobs[i] = trial_process.start(item, 1) end
  local pid, text, give_up = jobs[1]:pid(), "", system.clock() + 60
  t.eq({ jobs[2]:pid(), jobs[3]:pid() }, { pid, pid })
  repeat
    trial_process.wait_any(jobs, 0.2)
    text = text .. jobs[1]:read()
  until text:find "progress" or system.clock() > give_up
  jobs[2]:kill "INT"
  local second = finish(jobs[2])
  t.eq(second.code, 75, second.errors)
  t.ok(not jobs[1]:poll() and jobs[1]:pid() ~= pid, "the first began again")
  t.ok(not jobs[3]:poll() and jobs[3]:pid() ~= jobs[1]:pid(), "the third too, in a process of its own")
  for _, i in ipairs { 1, 3 } do jobs[i]:kill "KILL" end
  t.eq({ finish(jobs[1]).code, finish(jobs[3]).code }, { 137, 137 })
  trial_process.close()
  system.remove(folder)
end)

-- Runs of a store by what became of them: { [config_hash] = { done = n, other = n } }.
local function outcomes(store)
  local found = {}
  for _, entry in ipairs(host_run.list(store)) do
    local read, meta = pcall(function() return host_run.open(store, entry.id):meta() end)
    if read then
      local of = found[meta.config_hash] or { done = 0, other = 0 }
      found[meta.config_hash] = of
      local key = entry.status == "done" and "done" or "other"
      of[key] = of[key] + 1
    end
  end
  return found
end

t.test("a sweep whose coordinator is killed while heads train together ends with every trial once", function()
  local folder, data = prepared()
  assert(system.write_atomic(folder .. "/s.lua", [[
    return sweep "heads" { base = "probe.lua", grid = { lr = { 0.003, 0.01 }, seed = { 0, 1, 2 } }, run = { jobs = 1 } }
  ]]))
  local options = { "sweep", "s.lua", "epochs=150", directory = folder, environment = {
    MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data, MOONLAB_HOME = folder .. "/home" } }
  for _ = 1, 2 do
    local process = program.start(options)
    local give_up, ended = system.clock() + 60, nil
    repeat -- until several trials are under way
      system.sleep(0.1)
      ended = process:poll()
      local count = 0
      for _ in pairs(outcomes(folder .. "/runs")) do count = count + 1 end
    until count > 3 or ended or system.clock() > give_up
    process:kill "KILL"
    process:wait(10)
  end
  local last = program.run(options)
  t.eq(last.code, 0, last.out .. last.err)
  local count = 0
  for hash, of in pairs(outcomes(folder .. "/runs")) do
    count = count + 1
    t.eq(of.done, 1, hash)
  end
  t.eq(count, 6)
  t.ok(last.out:find("(3)", 1, true), last.out)
  system.remove(folder)
end)
