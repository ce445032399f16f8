-- Linear heads trained together against the same heads one after the other, in one process: where vectorize = "auto" is
-- worth it.
--
--     moonlab tests/bench/heads.lua
--
-- Heads of 10 and of 100 classes on 256-wide features of 1,000 pictures (a frozen network with random weights), ten
-- epochs of batches of 64 with Adam, one thread; the trials see their own orders of the batches, or all the same one.
-- Seconds of the processor, the least of two. Data: mnist and cifar100 in $MOONLAB_DATA.
local command_line = require "command_line"
local system = require "host.system"
local vectorized = require "vectorized"

local folder = system.temporary_folder "moonlab-heads"
system.set_environment("MOONLAB_HOME", folder .. "/home")
system.set_environment("MOONLAB_STORE", folder .. "/runs")
torch.set_num_threads(1)

local kScript = [[
local p = params { lr = 1e-3 }
return experiment "head" {
  data = %s { take = 1000, batch = 64 },
  model = trunk { vision.vit { patch = %d, layers = 1, heads = 2, width = 256, weights = "%s", freeze = true },
                  head = head.softmax {} },
  optim = adam { lr = p.lr }, train = { epochs = 10, checkpoint = "none" },
}
]]

-- A script and its network's weights.
local function prepare(name, patch, image)
  local weights, script = ("%s/%s.pth"):format(folder, name), ("%s/%s.lua"):format(folder, name)
  local network = vision.vit { patch = patch, layers = 1, heads = 2, width = 256 }:build { image = image }
  torch.save(network:state_dict(), weights)
  assert(system.write_atomic(script, kScript:format(name, patch, weights)))
  return script
end

local function silent() end
local sink = { write = silent, flush = silent }

-- `count` trials with as many orders of the batches as `seeds` says; the rest differ by their rates.
local function members(script, count, seeds)
  local list = {}
  for i = 1, count do
    local rate = 1e-3 * (math.floor((i - 1) / seeds) + 1)
    list[i] = { words = { "run", "--trial", script, "seed=" .. i % seeds, "lr=" .. rate }, smoothing = 0, write = silent,
                write_error = function(text) io.stderr:write(text) end }
  end
  return list
end

local function main(words) return command_line.main(words[1], { unpack(words, 2) }) end

local function alone(list)
  local output = io.stdout
  io.stdout = sink
  for _, member in ipairs(list) do main(member.words) end
  io.stdout = output
end

local function seconds(run, list)
  local start = os.clock()
  run(list, main)
  return (os.clock() - start) / #list
end

print(("%-10s %8s %8s %14s %12s %8s"):format("data", "trials", "orders", "together ms", "alone ms", "ratio"))
for _, set in ipairs { { "mnist", 7, { 1, 28, 28 } }, { "cifar100", 8, { 3, 32, 32 } } } do
  local script = prepare(unpack(set))
  alone(members(script, 1, 1)) -- reads the data and computes the features
  for _, case in ipairs { { 2, 2 }, { 2, 1 }, { 10, 10 }, { 10, 1 } } do
    local together, single = math.huge, math.huge
    for _ = 1, 2 do
      together = math.min(together, seconds(vectorized.run, members(script, unpack(case))))
      single = math.min(single, seconds(alone, members(script, unpack(case))))
    end
    print(("%-10s %8d %8d %14.1f %12.1f %8.2f"):format(set[1], case[1], case[2], together * 1e3, single * 1e3,
      single / together))
  end
end
system.remove(folder)
