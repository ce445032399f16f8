-- Image networks against PyTorch eager: a forward pass and a training step (cross entropy, SGD with momentum) of each,
-- and the most memory that the process needed.
--
--     moonlab tests/bench/networks.lua /path/to/python [THREADS [NAME ...]]
--
-- The Python needs torch and torchvision. Every network runs in processes of its own, ours and Python's taking turns; of
-- each the least time counts, and the most resident memory, of which `start` is what the bare process has.

local system = require "host.system"

local kThreads, kTurns = 2, 3
-- name, batch, channels, side, seconds to measure
local kCases = {
  { "lenet", 32, 1, 28 }, { "lenet", 1, 1, 28 }, { "mnist_cnn", 128, 1, 28 },
  { "resnet18", 16, 3, 64 }, { "resnet18", 1, 3, 64 },
  { "efficientnet_b0", 16, 3, 64 }, { "efficientnet_b0", 1, 3, 64 },
  { "densenet121", 16, 3, 64 }, { "densenet121", 1, 3, 64 },
}

-- The networks with their last layer for ten classes -------------------------------------------------------------------

local function lenet()
  return nn.Sequential {
    nn.Conv2d(1, 6, 5, { padding = 2 }), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10) }
end

local function network(name, image)
  if name == "lenet" then return lenet() end
  local options = (name == "resnet18" or name == "densenet121") and { stem = "imagenet" } or {}
  local trunk = vision[name](options):build { image = image }
  return nn.Sequential { trunk, nn.Linear(require "encoder".width(trunk), 10) }
end

--- The median of a piece's times, in ms, within `seconds`.
local function time_of(piece, seconds)
  for _ = 1, 3 do piece() end
  local times, ends = {}, system.clock() + seconds
  while #times < 5 or system.clock() < ends do
    local start = system.clock()
    piece()
    times[#times + 1] = (system.clock() - start) * 1e3
  end
  table.sort(times)
  return times[math.floor((#times + 1) / 2)]
end

-- The child: times and memory of one network as a line that the parent reads.
local function measure(name, batch, channels, side, threads)
  torch.set_num_threads(threads)
  torch.manual_seed(0)
  local _, start = system.resident()
  local model = network(name, { channels, side, side })
  local x, y = torch.rand(batch, channels, side, side), torch.randint(0, 10, { batch })
  local optim = torch.optim.SGD(model:parameters(), { lr = 0.01, momentum = 0.9 })
  model:eval()
  local forward = time_of(function() scope(function() torch.no_grad(function() model(x) end) end) end, 1.5)
  model:train()
  local training = time_of(function()
    scope(function()
      optim:zero_grad()
      torch.nn.functional.cross_entropy(model(x), y):backward()
      optim:step()
    end)
  end, 3)
  local _, peak = system.resident()
  print(forward, training, start / 1e6, peak / 1e6)
end

if arg[1] == "--measure" then
  measure(arg[2], tonumber(arg[3]), tonumber(arg[4]), tonumber(arg[5]), tonumber(arg[6]))
  return
end

-- The parent -------------------------------------------------------------------------------------------------------------

local python, threads = arg[1], tonumber(arg[2]) or kThreads
if not python then
  io.stderr:write("usage: moonlab tests/bench/networks.lua /path/to/python [THREADS [NAME ...]]\n")
  os.exit(2)
end
local wanted = {}
for i = 3, #arg do wanted[arg[i]] = true end

local function child(command, case)
  for i = 1, 4 do command[#command + 1] = tostring(case[i]) end
  command[#command + 1] = tostring(threads)
  local process = system.spawn(command)
  if process:wait(300) ~= 0 then
    io.stderr:write(table.concat(command, " "), " failed:\n", process:read_errors(), "\n")
    os.exit(1)
  end
  local values = {}
  for number in process:read():gmatch "%S+" do values[#values + 1] = tonumber(number) end
  return values
end

local function least(best, values)
  if not best then return values end
  for i = 1, 2 do best[i] = math.min(best[i], values[i]) end
  best[4] = math.max(best[4], values[4])
  return best
end

print(("%d threads; ms, MB resident at most (at the start); ratios are Python's by ours"):format(threads))
print(("%-20s %8s %8s %6s  %8s %8s %6s  %11s %11s"):format("network, batch", "forward", "Python", "ratio", "step", "Python",
  "ratio", "memory", "Python"))
for _, case in ipairs(kCases) do
  if not next(wanted) or wanted[case[1]] then
    local ours, theirs
    for _ = 1, kTurns do
      ours = least(ours, child({ system.executable(), MOONLAB_ROOT .. "/tests/bench/networks.lua", "--measure" }, case))
      theirs = least(theirs, child({ python, MOONLAB_ROOT .. "/tests/bench/peers/networks.py" }, case))
    end
    print(("%-20s %8.2f %8.2f %6.2f  %8.2f %8.2f %6.2f  %4.0f (%4.0f) %4.0f (%4.0f)"):format(case[1] .. ", " .. case[2],
      ours[1], theirs[1], theirs[1] / ours[1], ours[2], theirs[2], theirs[2] / ours[2], ours[4], ours[3], theirs[4],
      theirs[3]))
    io.stdout:flush()
  end
end
