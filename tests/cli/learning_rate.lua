-- `moonlab lr` as a process, and what its losses say.
local t = require "test"
local catalogue = require "catalogue"
local learning_rates = require "learning_rates"
local system = require "host.system"

local function rates(n) local r = {} for i = 1, n do r[i] = 10 ^ (-6 + 7 * (i - 1) / (n - 1)) end return r end

t.test("the rate where the loss falls fastest, and that of the lowest loss", function()
  -- a step down around 1e-3 and a wall behind 1e-1
  local r, losses = rates(101), {}
  for i, rate in ipairs(r) do
    local x = math.log10(rate)
    losses[i] = 1 - 0.5 / (1 + math.exp(-4 * (x + 3))) + math.exp(6 * (x + 0.5))
  end
  local reading = learning_rates.read(r, losses)
  t.near(math.log10(reading.suggested), -3, 0.15)
  t.near(math.log10(reading.lowest), -1.7, 0.3)
  t.near(reading.loss, 0.5, 0.02)
end)

t.test("what is not finite ends it; a loss that never falls suggests nothing", function()
  local r, losses = rates(20), {}
  for i = 1, 20 do losses[i] = i end
  t.eq(learning_rates.read(r, losses).suggested, nil)
  losses[8] = 0 / 0
  t.eq(#learning_rates.read(r, losses).rates, 7)
  losses[4] = math.huge
  t.eq(learning_rates.read(r, losses), nil)
end)

local set
for _, name in ipairs { "mnist", "mnist5k" } do set = set or catalogue.find(name) and name end
if not set then
  local _, looked = catalogue.find "mnist"
  t.skip(looked)
end

local folder = system.temporary_folder "learning-rate"

local function moonlab(...)
  local command = { system.executable(), ... }
  command.environment = { MOONLAB_STORE = folder .. "/runs", OMP_NUM_THREADS = "1" }
  local process = system.spawn(command)
  local code = process:wait(120)
  return code, process:read(), process:read_errors()
end

local path = folder .. "/script.lua"
assert(system.write_atomic(path, ([[
local p = params { lr = 1e-3, layer_decay = 1 }
return experiment "small" {
  data  = DIGITS { per_class = 20, batch = 25 },
  model = trunk { vision.mlp { widths = { 32 } }, head = head.softmax { class_weights = "balanced" } },
  optim = adamw { lr = p.lr, heads = { lr = 2e-3 }, layer_decay = p.layer_decay, schedule = cosine { warmup = "10%" } },
  train = { steps = 20, accumulate = 2, ema = 0.9, clip_value = 1 },
}]]):gsub("DIGITS", set)))

t.test("lr trains in a process of its own, keeps no run, and tells a rate", function()
  local code, out, err = moonlab("lr", path, "--steps", "40")
  t.eq(code, 0, out .. err)
  local suggested = tonumber(out:match "try optim%.lr=(%S+)")
  t.ok(suggested and suggested > 1e-6 and suggested < 10, out)
  t.ok(out:find "script%.lua, %d+ updates:\nlr 1e%-06 to " and out:find("(the script has 0.001)", 1, true), out)
  t.ok(not out:find "[\r\27]", "no control codes where nobody watches")
  t.eq(system.stat(folder .. "/runs"), nil)
  for line in out:gmatch "[^\n]+" do
    local width = select(2, line:gsub("[^\128-\191]", ""))
    t.ok(width <= 80 or line:find(path, 1, true), line)
  end
end)

t.test("the same seed finds the same, and JSON has every point", function()
  local _, first = moonlab("lr", path, "--json", "--steps=12", "--from", "1e-4", "--to=1e-2")
  local _, second = moonlab("lr", path, "--json", "--steps=12", "--from", "1e-4", "--to=1e-2")
  t.eq(first, second)
  local found = system.json(first)
  t.eq({ #found.rates, #found.losses, found.diverged }, { 12, 12, false })
  t.near(found.rates[1], 1e-4, 1e-12)
  t.near(found.rates[12], 1e-2, 1e-12)
end)

t.test("a divergence ends it, and says where it had to begin", function()
  local code, out, err = moonlab("lr", path, "--from", "50", "--to", "1e30", "--steps", "60")
  t.eq(code, 3, out)
  t.ok(err:find("the loss diverged after", 1, true) and err:find("begin lower (--from)", 1, true), err)
end)

t.test("bad words are refused with what was expected", function()
  local function refuses(text, ...)
    local code, _, err = moonlab("lr", ...)
    t.eq(code, 2)
    t.ok(err:find(text, 1, true), err)
  end
  refuses("which script?")
  refuses("--from takes a number above 0, got '-1'", path, "--from", "-1")
  refuses("--from 1 must be below --to 0.1", path, "--from", "1", "--to", "0.1")
  refuses("--steps takes ten or more", path, "--steps", "3")
  refuses("unknown flag '--step'; did you mean '--steps'?", path, "--step", "3")
  refuses("unknown", path, "optm.lr=3")
  refuses("must be a number in (0, 1]", path, "layer_decay=7")
end)

t.test("the averaged weights are what a run evaluates and keeps", function()
  local code, out, err = moonlab("run", "--json", path, "seed=3")
  t.eq(code, 0, err)
  local top1 = out:match '"test.top1":([%d.]+)'
  local id = out:match '"run":"([^"]+)"'
  local loaded = require "load_run"(id, { store = folder .. "/runs" })
  -- another decay ends with other weights, no average with those of the last step
  local _, other = moonlab("run", "--json", path, "seed=3", "train.ema=0.5")
  t.ok(top1 and other:match '"test.top1":([%d.]+)')
  local weights = loaded.model.module.encoder.fc1.weight
  local second = require "load_run"(other:match '"run":"([^"]+)"', { store = folder .. "/runs" }).model.module.encoder.fc1.weight
  t.ok(not torch.equal(weights, second))
end)

system.remove(folder)
