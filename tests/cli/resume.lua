-- Runs that are killed, interrupted, moved on by another configuration, or damaged, as a user meets them.
local t = require "test"
local host_run = require "host.run"
local killing = require "tests.killing"
local program = require "tests.program"
local system = require "host.system"

local data = os.getenv "MOONLAB_DATA" or ""
local mnist
for folder in data:gmatch "[^:]+" do
  if system.stat(folder .. "/mnist") then mnist = system.absolute(folder) end
end

local function needs_data()
  if not mnist then t.skip(("no folder mnist in $MOONLAB_DATA ('%s')"):format(data)) end
end

local function has(text, ...)
  for _, part in ipairs { ... } do t.ok(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

local small = [[
local p = params { lr = 0.05, epochs = 3, every = 2 }
return experiment "small" {
  data = mnist { fraction = 0.002, val = 0.002, batch = 24 },
  model = trunk { vision.mlp { widths = { 12 } }, head = head.softmax {} },
  optim = sgd { lr = p.lr, momentum = 0.9, schedule = cosine {} },
  train = { epochs = p.epochs, checkpoint_every = p.every },
  eval = { on = "val", during = { "val" } },
}
]]

local function options(folder, words, environment)
  local o = { directory = folder, environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = mnist or "" } }
  for name, value in pairs(environment or {}) do o.environment[name] = value end
  for i, word in ipairs(words) do o[i] = word end
  return o
end

local function run(folder, words, environment) return program.run(options(folder, words, environment)) end

-- Starts a training, waits until it has a checkpoint, and gives its process and its run.
local function training(folder, words, environment)
  local process = program.start(options(folder, words, environment))
  local limit, text = system.clock() + 60, ""
  while system.clock() < limit do
    text = text .. process:read()
    local id = text:match "run (%d+%-%d+%-[%w_.-]+)"
    local made = id and host_run.open(folder .. "/runs", id)
    if made and system.stat(made:path() .. "/ckpt/state.pt") then return process, made end
    if process:poll() then break end
    system.wait_any({ process }, 0.02)
  end
  error("no checkpoint: " .. text .. process:read_errors())
end

-- A run that was killed after its first checkpoint.
local function killed(folder, words, environment)
  local process, made = training(folder, words, environment)
  process:kill "KILL"
  process:wait(10)
  t.eq(made:status(), "running")
  return made
end

local long = { "run", "s.lua", "epochs=100000" }

for _, case in ipairs { { "everything", 6, "epochs=8" }, { "paths", 4, "epochs=6" } } do
  t.test(("kill -9 at random, %d times: weights and metrics as if nothing had been (%s)"):format(case[2], case[1]),
    function()
      needs_data()
      local folder = program.folder {}
      local script = "tests/fixtures/resume/" .. case[1] .. ".lua"
      local alone = killing.alone(folder, script, { case[3] })
      local met = killing.killed(folder, script, { case[3] }, { kills = case[2], seed = 1, seconds = alone.seconds })
      t.eq(met.status, "done")
      t.ok(met.kills > 0, "no kill met it while it trained")
      t.eq(met.metrics, alone.metrics)
      t.eq(met.weights, alone.weights)
      local events = {}
      for _, left in ipairs { alone, met } do
        local name
        for _, file in ipairs(system.list(left.path)) do name = file:match "^events%.out%.tfevents.*" or name end
        events[#events + 1] = system.stat(left.path .. "/" .. name).size
      end
      t.eq(events[1], events[2])
      system.remove(folder)
    end)
end

t.test("Ctrl-C, TERM and USR1 save and leave with 75; the line that is printed goes on to the same end", function()
  needs_data()
  local folder = program.folder { ["s.lua"] = small }
  t.eq(run(folder, { "run", "s.lua", "-q", "epochs=40" }).code, 0)
  local whole = host_run.sha256_file(host_run.open(folder .. "/runs", "last"):path() .. "/ckpt/last.safetensors")
  for _, signal in ipairs { "INT", "TERM", "USR1" } do
    local process, made = training(folder, { "run", "s.lua", "epochs=40" })
    process:kill(signal)
    local result = program.finish(process)
    if result.code ~= 0 then -- else it was done before the signal came
      t.eq(result.code, 75, result.err)
      t.eq(made:status(), "interrupted")
      local step, command = result.err:match(
        "interrupted at step (%d+), everything is saved; it goes on with\n  moonlab ([^\n]+)\n")
      t.eq(command, "resume " .. made:id(), result.err)
      local last = made:metrics()
      t.ok(not last[1] or last[#last].step <= tonumber(step))
      result = run(folder, { "resume", made:id() })
      t.eq(result.code, 0, result.err)
      has(result.out, ("run %s, from step %s\n"):format(made:id(), step))
    end
    t.eq(host_run.sha256_file(made:path() .. "/ckpt/last.safetensors"), whole)
  end
  local process = training(folder, long)
  process:kill "USR1"
  process:kill "TERM" -- the first of its kind: what came before was a word of warning
  t.eq(program.finish(process).code, 75)
  system.remove(folder)
end)

t.test("what a run reads is what it recorded: its script, its files, its environment", function()
  needs_data()
  local script = small:gsub("local p = ", 'local widths = require "widths"\nlocal p = ')
    :gsub("{ 12 }", "widths"):gsub("momentum = 0.9", 'momentum = env("MOMENTUM", 0.5)')
  local folder = program.folder { ["s.lua"] = script, ["widths.lua"] = "return { 10 }" }
  local made = killed(folder, { "run", "s.lua", "epochs=60", "lr=0.02" }, { MOMENTUM = "0.8" })
  local config = made:read "config.json"
  system.write_atomic(folder .. "/s.lua", "this is no Lua")
  system.write_atomic(folder .. "/widths.lua", "return { 11 }")
  local result = run(folder, { "resume", "last" }, { MOMENTUM = "0.1" })
  t.eq(result.code, 0, result.err)
  t.eq(made:status(), "done")
  t.eq(made:read "config.json", config)
  t.eq(made:meta().environment, { MOMENTUM = 0.8 })
  t.eq(made:meta().resumed[1].step > 0, true)
  system.remove(folder)
end)

t.test("data that have changed since are refused; a fork takes them", function()
  local script = [[
local p = params { epochs = 100000 }
return experiment "mails" {
  data = data.text { "mails.csv", test = 2, batch = 4 },
  model = trunk { text.lstm { embed = 4, hidden = 4, layers = 1, min_count = 1 }, head = head.softmax {} },
  train = { epochs = p.epochs, checkpoint_every = 5 },
}
]]
  local function csv(word)
    local lines = { "text,label" }
    for i = 1, 20 do lines[i + 1] = ("%s %d,%s"):format(i == 20 and word or "mail", i, i % 2 == 0 and "spam" or "news") end
    return table.concat(lines, "\n") .. "\n"
  end
  local folder = program.folder { ["s.lua"] = script, ["mails.csv"] = csv "mail" }
  local made = killed(folder, { "run", "s.lua" })
  system.write_atomic(folder .. "/mails.csv", csv "male")
  local result = run(folder, { "resume", "last" })
  t.eq(result.code, 1, result.out)
  has(result.err, ("run %s: its data are not what they were when it began: "):format(made:id()))
  t.eq(made:status(), "running")
  result = run(folder, { "resume", "last", "epochs=" .. torch.load(made:path() .. "/ckpt/state.pt").epoch + 1 })
  t.eq(result.code, 0, result.err)
  system.remove(folder)
end)

t.test("done, unknown, alive and diverged runs say so", function()
  needs_data()
  local folder = program.folder { ["s.lua"] = small }
  t.eq(run(folder, { "run", "s.lua", "-q", "--name", "first" }).code, 0)
  local result = run(folder, { "resume", "last" })
  t.eq(result.code, 0)
  has(result.out, " is done: val.top1 ", "moonlab resume ")
  local made = host_run.open(folder .. "/runs", "last")
  result = run(folder, { "resume", (made:id():gsub("first", "frist")) })
  t.eq(result.code, 1)
  has(result.err, "moonlab resume: no run '", "; did you mean '" .. made:id() .. "'?")
  t.eq(run(folder, { "resume" }).err, "moonlab resume: which run? moonlab resume ID (moonlab ls lists them)\n")
  result = run(folder, { "resume", made:id(), "lrr=1" })
  t.eq(result.code, 2)
  has(result.err, "unknown parameter 'lrr'; did you mean 'lr'?")

  local process, alive = training(folder, long)
  result = run(folder, { "resume", alive:id() })
  t.eq(result.code, 1)
  has(result.err, ("run %s is being trained, by process %d on "):format(alive:id(), process:pid()))
  process:kill "KILL"
  process:wait(10)

  result = run(folder, { "run", "s.lua", "-q", "lr=1e30" })
  t.eq(result.code, 3, result.err)
  result = run(folder, { "resume", "last" })
  t.eq(result.code, 1)
  has(result.err, " diverged, and would again", "moonlab resume ", "optim.lr=")
  system.remove(folder)
end)

t.test("another configuration makes a fork, which begins where its parent stands", function()
  needs_data()
  local folder = program.folder { ["s.lua"] = small }
  t.eq(run(folder, { "run", "s.lua", "-q", "epochs=3" }).code, 0)
  local parent = host_run.open(folder .. "/runs", "last")
  local result = run(folder, { "resume", parent:id(), "epochs=5", "--name", "longer" })
  t.eq(result.code, 0, result.err)
  t.eq(result.err, "")
  has(result.out, ("a fork of run %s, from step %d\nrun "):format(parent:id(), parent:metrics()[3].step))
  local fork = host_run.open(folder .. "/runs", "last")
  t.ok(fork:id():find("-longer-", 1, true))
  t.eq({ fork:meta().parent, fork:meta().parent_step }, { parent:id(), parent:metrics()[3].step })
  t.eq(fork:metrics()[1].epoch, 4)
  t.eq(parent:status(), "done")
  -- a display field is no other configuration
  result = run(folder, { "resume", parent:id(), "train.checkpoint_every=never" })
  has(result.out, "is done")
  -- what does not fit is said
  result = run(folder, { "resume", parent:id(), "model.encoder.widths=10", "epochs=4" })
  t.eq(result.code, 0, result.err)
  has(result.err, "not taken over: ", "another shape", "the optimizer's moments: the weights differ")
  system.remove(folder)
end)

t.test("an ablation goes on with the trial that was killed", function()
  needs_data()
  local folder = program.folder { ["a.lua"] = [[
params { lr = 0.01 }
return ablate "rates" {
  seeds = { 1 }, metrics = { "val.top1" }, jobs = 1, { "slow" }, { "fast", lr = 0.05 },
  base = function(p)
    return experiment "rate" {
      data = mnist { fraction = 0.002, val = 0.002, batch = 24 },
      model = trunk { vision.mlp { widths = { 12 } }, head = head.softmax {} },
      optim = sgd { lr = p.lr }, train = { epochs = 200, checkpoint_every = 20 }, eval = { on = "val" },
    }
  end,
}
]] }
  local process = program.start(options(folder, { "run", "a.lua" }))
  local limit, made = system.clock() + 60, nil
  repeat
    t.ok(system.clock() < limit and not process:poll(), process:read() .. process:read_errors())
    system.sleep(0.02)
    local ids = {}
    for _, name in ipairs(system.list(folder .. "/runs") or {}) do
      if name:match "%-rate%-" then ids[#ids + 1] = name end
    end
    local id = ids[1]
    made = id and system.stat(("%s/runs/%s/ckpt/state.pt"):format(folder, id)) and host_run.open(folder .. "/runs", id)
  until made
  local trial = made:meta().process.pid
  process:kill "KILL"
  program.finish(process)
  system.kill(trial, "KILL")
  limit = system.clock() + 10
  repeat system.sleep(0.05) until require "liveness".gone(made:meta().process) or system.clock() > limit
  local result = run(folder, { "run", "a.lua" })
  t.eq(result.code, 0, result.err)
  has(result.out, "2 trials (2 rows, 1 seed), 1 at a time; 1 goes on from a checkpoint\n")
  t.eq(made:status(), "done")
  t.ok(made:meta().resumed[1].step >= 20)
  t.eq(#host_run.list(folder .. "/runs"), 2)
  system.remove(folder)
end)

t.test("load_run gives the weights that the final metrics are of; of an unfinished run its checkpoint's", function()
  needs_data()
  local script = small:gsub("checkpoint_every", 'ema = 0.8, checkpoint = "best", checkpoint_every')
  local folder = program.folder { ["s.lua"] = script }
  t.eq(run(folder, { "run", "s.lua", "-q", "epochs=4" }).code, 0)
  local function top1(loaded)
    local metrics = require "evaluate".metrics({ "top1" }, {}, { classes = 10 })
    return require "evaluate".run(loaded.model, loaded.made.loaders.val, metrics, "val")[1][2]
  end
  local finished = load_run("last", { store = folder .. "/runs" })
  t.eq(top1(finished), finished.metrics[#finished.metrics]["val.top1"])
  local made = killed(folder, long)
  system.remove(folder .. "/s.lua")
  local loaded = load_run(made:id(), { store = folder .. "/runs" })
  local saved = torch.load(made:path() .. "/ckpt/state.pt")
  local averaged, trained = false, false
  for name, tensor in loaded.model.module:state_dict() do
    averaged = averaged or saved.parts.ema["average." .. name] ~= nil
    t.ok(tensor:equal(saved.parts.ema["average." .. name] or saved.model[name]), name)
    trained = trained or not tensor:equal(saved.model[name])
  end
  t.ok(averaged and trained)
  system.remove(folder)
end)

t.test("files cut short: a clear word, and nothing else lost", function()
  needs_data()
  local folder = program.folder { ["s.lua"] = small }
  local made = killed(folder, long)
  local path = made:path()
  local function cut(file, share)
    local handle = assert(io.open(path .. "/" .. file, "rb"))
    local text = handle:read "*a"
    handle:close()
    assert(system.write_atomic(path .. "/" .. file, text:sub(1, math.floor(#text * share))))
    return function() assert(system.write_atomic(path .. "/" .. file, text)) end
  end
  for _, share in ipairs { 0, 0.4, 0.999 } do
    local back = cut("ckpt/state.pt", share)
    local result = run(folder, { "resume", "last" })
    t.eq(result.code, 1, result.out)
    has(result.err, "its checkpoint cannot be read: ",
      "without the file " .. path .. "/ckpt/state.pt the run begins anew")
    t.eq(select(2, result.err:gsub("\n", "")), 2, result.err)
    back()
    back = cut("meta.json", share)
    result = run(folder, { "resume", "last" })
    t.eq(result.code, 1, result.out)
    has(result.err, "cannot be gone on with: ", "meta.json: not JSON at byte ")
    back()
  end
  for _, share in ipairs { 0, 0.5 } do
    cut("status", share)
    cut("config.json", share)
    if system.stat(path .. "/metrics.jsonl") then cut("metrics.jsonl", 0.9) end
    local process = program.start(options(folder, { "resume", "last" }))
    local limit = system.clock() + 60
    repeat system.sleep(0.02) until made:status() == "running" or process:poll() or system.clock() > limit
    process:kill "KILL"
    process:wait(10)
    t.eq(made:status(), "running")
  end
  system.remove(folder)
end)

t.test("a disk that is full ends no training, and what was trained for is shown", function()
  needs_data()
  local folder = program.folder { ["s.lua"] = small:gsub("{ 12 }", "{ 400 }") }
  local command = ('ulimit -f 600; MOONLAB_STORE=%s/runs MOONLAB_DATA=%s exec %s run s.lua'):format(folder, mnist,
    system.executable())
  local process = system.spawn { "bash", "-c", command, directory = folder }
  local result = program.finish(process)
  t.eq(result.code, 1, result.out .. result.err)
  has(result.err, "no checkpoint at step 2: ", "File too large", "val.top1 0.", " (stored)")
  t.eq(select(2, result.err:gsub("no checkpoint", "")), 1) -- said once
  local made = host_run.open(folder .. "/runs", "last")
  t.eq(#made:metrics(), 4)
  t.eq(made:status(), "failed")
  -- with room again it goes on, here from its beginning
  result = run(folder, { "resume", "last" })
  t.eq(result.code, 0, result.err)
  has(result.out, "from its beginning: it has no checkpoint")
  t.eq(#made:metrics(), 4)
  system.remove(folder)
end)
