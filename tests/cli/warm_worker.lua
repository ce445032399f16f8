-- A worker that runs trial after trial gives what a process for each gives: metrics and weights to the last bit,
-- whatever ran before and whatever a script changed in the process.
local t = require "test"
local host_run = require "host.run"
local program = require "tests.program"
local system = require "host.system"
local trial_process = require "trial_process"
local trial_worker = require "trial_worker"

local function data_folder()
  for folder in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do
    if system.stat(folder .. "/mnist") and system.stat(folder .. "/fashion-mnist") then
      return system.absolute(folder)
    end
  end
  t.skip(("no folders mnist and fashion-mnist in $MOONLAB_DATA ('%s')"):format(os.getenv "MOONLAB_DATA" or ""))
end

local scripts = {
  ["plain.lua"] = [[
    local p = params { lr = 1e-3 }
    return experiment "plain" { data = mnist { take = 200, batch = 32 },
                                model = trunk { vision.mlp {}, head = head.softmax {} },
                                optim = adam { lr = p.lr }, train = { epochs = 2 } }
  ]],
  ["width.lua"] = "return 24",
  ["augmented.lua"] = [[
    return experiment "augmented" {
      data = fashion_mnist { take = 100, val = 0.5, augment = { flip {}, crop { pad = 2 } } },
      model = trunk { vision.cnn { channels = { 4, 8 }, width = require "width", dropout = 0.3 },
                      head = head.lwal { dim = 20, repel = 10, warmup_steps = 1, update_every = 1 } },
      optim = sgd { lr = 0.05, momentum = 0.9, schedule = cosine {} },
      train = { epochs = 2, early_stop = { "val.top1" } }, eval = { during = { "val" }, metrics = { "top1", "ece" } } }
  ]],
  ["mixed.lua"] = [[
    return experiment "mixed" { data = mnist { take = 100 },
      model = trunk { vision.mlp {}, heads = { onehot = head.softmax {}, bits = head.binary { bits = 32 } } },
      loss = mixture { main = "onehot", onehot = 0.6, bits = 0.4, balance = metabalance {} }, train = { epochs = 1 } }
  ]],
  -- a frozen network that trials share, its features kept, and the same one fine-tuned
  ["frozen.lua"] = [[
    local p = params { freeze = true }
    return experiment "frozen" { data = mnist { take = 100 },
      model = trunk { vision.vit { patch = 7, layers = 2, heads = 2, width = 16, weights = "$DATA/vit.pth",
                                   freeze = p.freeze },
                      head = head.softmax {} }, train = { epochs = 2, checkpoint = "last" } }
  ]],
  -- leaves traces wherever a script's functions can
  ["traces.lua"] = [[
    return experiment "traces" { data = mnist { take = 100 }, model = trunk { vision.mlp {}, head = head.softmax {} },
      loss = ce {} + 0.1 * term(function(out) return out.logits:square():mean() end),
      train = { epochs = 1, on = {
        start = function()
          torch.set_deterministic_debug_mode "warn"
          torch.set_flush_denormal(true)
          torch.set_float32_matmul_precision "medium"
          torch.backends.mkldnn.enabled = false
        end,
        ["end"] = function()
          torch.set_num_threads(2)
          torch.set_default_dtype "float64"
          torch.manual_seed(5)
        end } } }
  ]],
  ["hooked.lua"] = [[
    return experiment "hooked" { data = mnist { take = 100 }, model = trunk { vision.mlp {}, head = head.softmax {} },
      train = { epochs = 1, on = { start = function()
        torch.optim.register_optimizer_step_pre_hook(function(o)
          torch.no_grad(function() o.param_groups[1].params[1]:mul_(0.5) end)
        end)
      end } } }
  ]],
  ["replaced.lua"] = [[
    return experiment "replaced" { data = mnist { take = 100 }, model = trunk { vision.mlp {}, head = head.softmax {} },
      train = { epochs = 1, on = { ["end"] = function()
        torch.stack, torch.rand, nn.functional.cross_entropy = torch.cat, torch.zeros, nil
        torch.Tensor.add_ = torch.Tensor.sub_
      end } } }
  ]],
  ["wrong.lua"] = "return experiment 'wrong' { data = mnist { take = 100, tke = 1 }, model = trunk { vision.mlp {} } }",
  ["broken.lua"] = [[
    return experiment "broken" { data = mnist { take = 100 }, model = trunk { vision.mlp {}, head = head.softmax {} },
      train = { epochs = 1, on = { step = function() error "on purpose" end } } }
  ]],
}

-- A folder with the scripts and a file of weights.
local function prepared()
  local folder = program.folder(scripts)
  torch.manual_seed(3)
  local network = vision.vit { patch = 7, layers = 2, heads = 2, width = 16 }:build { image = { 1, 28, 28 } }
  torch.save(network:state_dict(), folder .. "/vit.pth")
  return folder
end

-- Runs a script as a trial: { code, metrics = text, weights = SHA-256, errors, pid }.
local function trial(folder, data, words, fresh)
  local command = { system.executable(), "run", "--trial", folder .. "/" .. words[1] }
  for i = 2, #words do command[#command + 1] = words[i] end
  local job = trial_process.start({ command = command, fresh = fresh,
                                    environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_HOME = folder .. "/home",
                                                    MOONLAB_DATA = folder .. ":" .. data } }, 1)
  local pid, out, errors, code = job:pid(), "", "", nil
  local give_up = system.clock() + 300
  repeat
    trial_process.wait_any({ job }, 0.2)
    code = job:poll()
    out, errors = out .. job:read(), errors .. job:read_errors()
  until code or system.clock() > give_up
  local metrics = {}
  for line in out:gmatch "metric[^\n]*" do metrics[#metrics + 1] = line end
  local run = out:match "done\t([^\n]+)"
  local weights = run and host_run.sha256_file(("%s/runs/%s/ckpt/last.safetensors"):format(folder, run))
  return { code = code, metrics = table.concat(metrics, "\n"), weights = weights, errors = errors, pid = pid }
end

t.test("a trial's words survive the line that carries them", function()
  local words = { "run", "--trial", "a b\\n.lua", 'name="x\ty"', "two\nlines", "", "\\" }
  local line = trial_worker.line(words)
  t.eq(select(2, line:gsub("\n", "")), 1)
  t.eq(trial_worker.words(line:sub(1, -2)), words)
  t.eq(trial_worker.words "end\t0", nil)
end)

t.test("trials of a warm worker equal those of fresh processes, bit by bit", function()
  local data = data_folder()
  local folder = prepared()
  local order = { { "plain.lua" }, { "augmented.lua", "seed=3" }, { "mixed.lua" }, { "traces.lua" },
                  { "plain.lua", "lr=0.01" }, { "replaced.lua" }, { "frozen.lua" },
                  { "frozen.lua", "freeze=false" }, { "frozen.lua", "seed=5" },
                  { "augmented.lua", "seed=3" }, { "plain.lua" }, { "mixed.lua", "seed=1" }, { "plain.lua", "seed=2" } }
  local first, known = nil, {}
  for i, words in ipairs(order) do
    local warm = trial(folder, data, words)
    first = first or warm.pid
    t.eq(warm.pid, first, "the same worker ran trial " .. i)
    t.eq(warm.code, 0, warm.errors)
    local name = table.concat(words, " ")
    known[name] = known[name] or trial(folder, data, words, true)
    t.ok(known[name].pid ~= first, "a fresh process ran its trial")
    t.eq(warm.metrics, known[name].metrics, name)
    t.ok(warm.weights and warm.weights == known[name].weights, name .. ": other weights")
  end
  trial_process.close()
  system.remove(folder)
end)

t.test("what cannot be put back, a mistake and a failure end the worker, and cost no other trial", function()
  local data = data_folder()
  local folder = program.folder(scripts)
  local plain = trial(folder, data, { "plain.lua" }, true)
  local last
  for _, case in ipairs { { "hooked.lua", 0 }, { "wrong.lua", 2, "did you mean 'take'" },
                          { "broken.lua", 1, "on purpose" } } do
    local spoilt = trial(folder, data, { case[1] })
    t.eq(spoilt.code, case[2], spoilt.errors)
    t.ok(not case[3] or spoilt.errors:find(case[3], 1, true), spoilt.errors)
    t.ok(last == nil or spoilt.pid == last, "a worker goes on after a trial that left nothing behind")
    local after = trial(folder, data, { "plain.lua" })
    t.ok(after.pid ~= spoilt.pid, case[1] .. ": the worker went on")
    t.eq(after.code, 0, after.errors)
    t.eq(after.metrics, plain.metrics, "after " .. case[1])
    t.ok(after.weights == plain.weights, "after " .. case[1] .. ": other weights")
    last = after.pid
  end
  trial_process.close()
  system.remove(folder)
end)

t.test("a worker that has run enough trials leaves to another", function()
  local data = data_folder()
  local folder, most = prepared(), trial_process.trials_each
  trial_process.trials_each = 2
  local pids = {}
  for i = 1, 3 do pids[i] = trial(folder, data, { "plain.lua", "train.steps=1" }).pid end
  trial_process.trials_each = most
  t.eq(pids[2], pids[1])
  t.ok(pids[3] ~= pids[1], "the third trial ran in the same process")
  trial_process.close()
  system.remove(folder)
end)

t.test("a worker that is killed costs its present trial alone", function()
  local data = data_folder()
  local folder = program.folder(scripts)
  local item = { command = { system.executable(), "run", "--trial", folder .. "/plain.lua", "train.epochs=100000" },
                 environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data } }
  local job = trial_process.start(item, 1)
  local text = ""
  repeat
    trial_process.wait_any({ job }, 0.2)
    text = text .. job:read()
  until text:find "progress" or job:poll()
  job:kill "KILL"
  local give_up = system.clock() + 20
  while not job:poll() and system.clock() < give_up do trial_process.wait_any({ job }, 0.2) end
  t.eq(job:poll(), 137)
  local after = trial(folder, data, { "plain.lua" })
  t.eq(after.code, 0, after.errors)
  trial_process.close()
  system.remove(folder)
end)

t.test("an interrupted trial saves itself, says 75, and its worker leaves", function()
  local data = data_folder()
  local folder = program.folder(scripts)
  local job = trial_process.start({ command = { system.executable(), "run", "--trial", folder .. "/plain.lua",
                                                "train.epochs=100000" },
                                    environment = { MOONLAB_STORE = folder .. "/runs", MOONLAB_DATA = data } }, 1)
  local text = ""
  repeat
    trial_process.wait_any({ job }, 0.2)
    text = text .. job:read()
  until text:find "progress" or job:poll()
  job:kill "INT"
  local give_up = system.clock() + 30
  while not job:poll() and system.clock() < give_up do trial_process.wait_any({ job }, 0.2) end
  t.eq(job:poll(), 75, job:read_errors())
  t.ok(trial(folder, data, { "plain.lua" }).pid ~= job:pid(), "the worker went on")
  trial_process.close()
  system.remove(folder)
end)
