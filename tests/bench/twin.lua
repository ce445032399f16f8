-- ResNet-18 on CIFAR-10 beside the same training in PyTorch: equal first weights, equal batches, SGD with momentum.
--
--     moonlab tests/bench/twin.lua /path/to/python [STEPS [WIDTH [FOLDER]]]
--
-- An experiment is trained as `moonlab run` trains it. Its first weights, its pictures and the indices of every batch are
-- written to a safetensors file, from which tests/bench/peers/twin.py builds torchvision's blocks and trains them alone.
-- First 30 steps in float64, where both must agree to 1e-9, else the exit code is 1; then STEPS (150) in float32, whose
-- losses part with the rounding of every step. Prints the differences and draws both losses, one over the other, into
-- FOLDER/twin.svg and .png. WIDTH (16): channels of the first stage, 64 in the full network.

local safetensors = require "safetensors"
local schema = require "schema"
local system = require "host.system"

local python, steps = arg[1], tonumber(arg[2]) or 150
local width, folder = tonumber(arg[3]) or 16, arg[4] or "."
if not python then
  io.stderr:write("usage: moonlab tests/bench/twin.lua /path/to/python [STEPS [WIDTH [FOLDER]]]\n")
  os.exit(2)
end
local OPTIONS = { lr = 0.02, momentum = 0.9, weight_decay = 5e-4 }
local kBatch, kExact, kTolerance = 32, 30, 1e-9
local scratch = system.temporary_folder "moonlab-twin"

-- Our side: the losses of every step, and what the other side needs as tensors.
local function ours(count, dtype)
  local losses, batches, given = {}, {}, {}
  local made = schema.build(experiment "twin" {
    data = cifar10 { batch = kBatch }, loss = ce {}, optim = sgd(OPTIONS),
    model = trunk { vision.resnet18 { stem = "cifar", width = width }, head = head.softmax {} },
    train = { steps = count },
  }, { seed = 1, device = "cpu" })
  made.model.module:to(dtype)
  for name, value in made.model.module:state_dict() do given["first." .. name] = value:clone() end
  local seconds = system.clock()
  require "train".run {
    model = made.model, data = made.data, objective = made.objective, optim = made.optim, loaders = made.loaders,
    metrics = made.metrics, device = made.device, seed = 1, epochs = made.epochs, steps = count, accumulate = 1, kinds = {},
    precision = require "precision".new("fp32", made.device),
    on = {
      sample = function(state)
        batches[#batches + 1] = keep(state.batch.idx:clone())
        -- in float32 as the loader gives it; in float64 the very same numbers
        state.batch.x = state.batch.x:to(dtype)
        if #batches == 1 then given.first_batch = keep(state.batch.x:clone()) end
      end,
      criterion = function(state) losses[#losses + 1] = state.loss:item() end,
    },
  }
  seconds = system.clock() - seconds
  given.batches = torch.stack(batches)
  local x, y, order = {}, {}, made.data:set "train"
  for batch in require "host.data".loader({ { order, nil, true } }, { batch = 500, shuffle = false }):each(0) do
    x[#x + 1], y[#y + 1] = keep(batch.x), keep(batch.y)
  end
  given.pictures, given.labels = torch.cat(x), torch.cat(y)
  for name, value in made.model.module:state_dict() do given["last." .. name] = value:clone() end
  return losses, given, seconds
end

local function theirs(given, dtype)
  local file = ("%s/%s.safetensors"):format(scratch, dtype)
  local sent = {}
  for name, value in pairs(given) do if not name:find "^last%." then sent[name] = value end end
  safetensors.save_file(sent, file)
  local process = system.spawn { python, MOONLAB_ROOT .. "/tests/bench/peers/twin.py", file, file .. ".out",
    tostring(OPTIONS.lr), tostring(OPTIONS.momentum), tostring(OPTIONS.weight_decay), tostring(torch.get_num_threads()) }
  if process:wait(1200) ~= 0 then
    io.stderr:write("twin.py failed:\n", process:read_errors(), "\n")
    os.exit(1)
  end
  local made = safetensors.load_file(file .. ".out")
  return made.losses:totable(), made, tonumber(process:read():match "%S+")
end

-- The largest difference of two lists, by the size of the numbers, and its step.
local function apart(a, b)
  local most, at = 0, 0
  for i = 1, #a do
    local difference = math.abs(a[i] - b[i]) / math.max(math.abs(b[i]), 1e-12)
    if difference > most then most, at = difference, i end
  end
  return most, at
end

local function weights_apart(given, made)
  local most = 0
  for name, value in pairs(given) do
    local other = name:find "^last%." and made[name]
    if other and value:is_floating_point() then
      most = math.max(most, ((value - other):abs():max() / other:abs():max():clamp_min(1e-12)):item())
    end
  end
  return most
end

local function compare(count, dtype)
  local mine, given, seconds = ours(count, dtype)
  local other, made, their_seconds = theirs(given, dtype)
  local most, at = apart(mine, other)
  print(("%s, %d steps: losses differ by %.1e at most (step %d), last weights and statistics by %.1e; %.1f s, Python %.1f s")
    :format(dtype, count, most, at, weights_apart(given, made), seconds, their_seconds))
  return mine, other, most
end

print(("ResNet-18 of width %d, CIFAR-10, batch %d, SGD lr %g momentum %g weight decay %g, %d threads"):format(width, kBatch,
  OPTIONS.lr, OPTIONS.momentum, OPTIONS.weight_decay, torch.get_num_threads()))
local _, _, exact = compare(kExact, "float64")
local mine, other = compare(steps, "float32")
for _, at in ipairs { 1, 10, 30, 100, 300, 1000 } do
  if at <= steps then print(("  step %4d: loss %.6f, Python %.6f"):format(at, mine[at], other[at])) end
end
local drawn = plot.line { y = { moonlab = mine, PyTorch = other }, x_label = "step", y_label = "loss" }
for _, ending in ipairs { ".svg", ".png" } do drawn:save(folder .. "/twin" .. ending) end
print(("drawn: %s/twin.svg and .png"):format(folder))
system.remove(scratch)
if exact > kTolerance then
  print(("in float64 the two differ by more than %g"):format(kTolerance))
  os.exit(1)
end
