-- A training step of a mixture: the plain sum of three losses against balances of their gradients, and, where a
-- Python with torch is given, against the same step written there.
--
--     moonlab tests/bench/balance.lua [/path/to/python [threads]]
--
-- Trunk 784-500-500 with ReLU, batch 128, two threads unless told otherwise; heads of 10 classes, 128 bits and 64
-- bits; Adam. All ways take turns, the least time of each counts. Prints milliseconds a step, the ratio to moonlab's
-- plain sum, and of Python's ways the ratio to its own.

local schema = require "schema"
local system = require "host.system"

local kBatch, kThreads, kRounds, kSteps = 128, tonumber(arg and arg[2]) or 2, 6, 15
torch.set_num_threads(kThreads)
local python = arg and arg[1]
local find = schema.find

local function step_of(balance)
  torch.manual_seed(0)
  local binary = find "head.binary"
  local model = find "trunk" { find "vision.mlp" { widths = { 500, 500 } }, heads = {
    onehot = find "head.softmax" {}, bits = binary { bits = 128 }, more = binary { bits = 64, loss = "l1" } } }
    :build { classes = 10, image = { 1, 28, 28 } }
  local objective = find "mixture" { main = "onehot", onehot = 0.5, bits = 0.3, more = 0.2, balance = balance }
    :build { model = model, steps = 1e6, seed = 0 }
  local trunk, heads = model:parameters()
  local state = { model = model, objective = objective,
    optim = find "optim.adam" { lr = 1e-3 }:build { groups = { { name = "trunk", parameters = trunk },
      { name = "heads", parameters = heads } }, steps = 1e6 } }
  local x, y = torch.rand(kBatch, 1, 28, 28), torch.randint(0, 10, { kBatch })
  return function()
    scope(function()
      state.batch = { x = x, y = y }
      state.features, state.loss, state.terms = nil, nil, nil
      objective:forward(state)
      objective:criterion(state)
      objective:backward(state)
      objective:update(state)
    end)
  end
end

local ways = {
  { "sum", nil },
  { "metabalance", find "balance.metabalance" {} },
  { "two_pass", find "balance.metabalance" { mode = "two_pass" } },
  { "pcgrad", find "balance.pcgrad" {} },
  { "gradvac", find "balance.gradvac" {} },
  { "gradnorm", find "balance.gradnorm" {} },
  { "dwa", find "balance.dwa" {} },
  { "uncertainty", find "balance.uncertainty" {} },
  { "mtadam", find "balance.mtadam" {} },
}

local best, runs = {}, {}
for i, way in ipairs(ways) do
  runs[i], best[way[1]] = step_of(way[2]), math.huge
  for _ = 1, 5 do runs[i]() end
end

local function measure(rounds)
  for _ = 1, rounds do
    for i, way in ipairs(ways) do
      local start = system.clock()
      for _ = 1, kSteps do runs[i]() end
      best[way[1]] = math.min(best[way[1]], (system.clock() - start) / kSteps * 1e3)
    end
  end
end

measure(kRounds)
local peer, order = {}, {}
if python then
  for _ = 1, 2 do -- before and after: the machine may have become slower or faster meanwhile
    local child = system.spawn { python, MOONLAB_ROOT .. "/tests/bench/peers/balance.py", tostring(kThreads) }
    if child:wait(600) ~= 0 then
      io.stderr:write("balance.py failed:\n", child:read_errors(), "\n")
      os.exit(1)
    end
    for name, ms in child:read():gmatch '"([^"]+)": ([%d.]+)' do
      if not peer[name] then order[#order + 1] = name end
      peer[name] = math.min(peer[name] or math.huge, tonumber(ms))
    end
    measure(3)
  end
end

print(("%-26s %8s %8s"):format("moonlab", "ms/step", "/sum"))
for _, way in ipairs(ways) do
  print(("%-26s %8.2f %8.2f"):format(way[1], best[way[1]], best[way[1]] / best.sum))
end
if python then
  print(("%-26s %8s %8s %10s"):format("Python", "ms/step", "/sum", "/moonlab"))
  local same = { ["metabalance, example"] = "metabalance", ["metabalance, two passes"] = "two_pass",
                 ["metabalance, rewritten"] = "metabalance" }
  for _, name in ipairs(order) do
    local ours = best[same[name] or name]
    print(("%-26s %8.2f %8.2f %10.2f"):format(name, peer[name], peer[name] / peer.sum, peer[name] / ours))
  end
end
