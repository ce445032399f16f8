-- What a training loop needs of memory, beside a small Lua heap and beside one of a million tables; with the governor,
-- with a scope around every step, and without either, as a plain collector would have it.
--
--     moonlab tests/bench/memory.lua [STEPS]
--
-- Every row is a process of its own: resident memory never shrinks to order. A step is a small network's forward, its
-- backward and its update on a batch of 512: about 30 MB of new tensors.
local system = require "host.system"

local steps = tonumber(arg and arg[1]) or 200

local program = [[
local kind, heap, steps = "%s", %d, %d
local held = {}
for i = 1, heap do held[i] = { i } end
if kind == "neither" then require("host.tensor").set_memory_limit(2 ^ 45) end
torch.manual_seed(0)
local w1, w2 = torch.randn(784, 1024) * 0.02, torch.randn(1024, 10) * 0.02
w1.requires_grad, w2.requires_grad = true, true
local x, y = torch.randn(512, 784), torch.randint(0, 10, { 512 })
local function step()
  local hidden = x:mm(w1):relu()
  local shaped = (hidden * 1.5):tanh() + hidden:sigmoid()
  local loss = torch.nn.functional.cross_entropy(shaped:mm(w2), y)
  loss:backward()
  torch.no_grad(function()
    for _, w in ipairs { w1, w2 } do
      w:sub_(w.grad * 0.1)
      w.grad = nil
    end
  end)
end
local clock = require("host.system").clock
step()
local began = clock()
for _ = 1, steps do
  if kind == "scope" then scope(step) else step() end
end
local seconds = clock() - began
local _, peak = require("host.system").resident()
print(peak / 1e6, 1e3 * seconds / steps, memory().tensors_peak / 1e6)
assert(#held == heap)
]]

local function measure(kind, heap)
  local process = system.spawn { system.executable(), "-e", program:format(kind, heap, steps) }
  local code = process:wait(600)
  local peak, time, tensors = process:read():match "(%S+)%s+(%S+)%s+(%S+)"
  if code ~= 0 or not peak then return nil, process:read_errors():match "[^\n]*" end
  return tonumber(peak), tonumber(time), tonumber(tensors)
end

print(("%d steps; resident memory and tensors at most, in MB; time of a step in ms\n"):format(steps))
print(("%-34s %9s %9s %9s"):format("", "resident", "tensors", "ms/step"))
for _, heap in ipairs { 0, 1e6 } do
  for _, row in ipairs { { "governor", "governor (as it is)" }, { "scope", "scope around every step" }, { "neither", "neither" } } do
    local peak, time, tensors = measure(row[1], heap)
    local name = row[2] .. (heap > 0 and ", 1e6 tables" or "")
    if peak then print(("%-34s %9.0f %9.0f %9.2f"):format(name, peak, tensors, time))
    else print(("%-34s ended: %s"):format(name, time)) end
  end
end
