--- Random numbers: seeds, states and generators. Imported by torch; torch.random holds the same names.
local torch = require "torch"
local rng = require "host.rng"

local random = {}

--- torch.manual_seed(n): restarts the generators of every device from n. Returns the CPU's generator.
-- @usage torch.manual_seed(0)
function torch.manual_seed(n)
  rng.manual_seed(n)
  return torch.default_generator
end

--- torch.seed(): restarts the generators from a number that nobody can foresee; returns the number.
-- @usage torch.seed()
function torch.seed()
  local number = rng.random_seed()
  rng.manual_seed(number)
  return number
end

--- torch.initial_seed(): the number that the CPU's generator was last started from.
-- @usage print(torch.initial_seed())
torch.initial_seed = rng.initial_seed

--- torch.get_rng_state(), torch.set_rng_state(state): the state of the CPU's generator, a uint8 tensor with PyTorch's bytes.
-- @usage torch.set_rng_state(torch.get_rng_state())
torch.get_rng_state, torch.set_rng_state = rng.state, rng.set_state

-- What PyTorch starts a new generator from (c10::detail::default_rng_seed_val).
local first_seed = 67280421310721

--- torch.Generator(device): a generator of its own, for the keyword `generator` of random operators: g:manual_seed(n),
-- g:seed(), g:initial_seed(), g:get_state(), g:set_state(state), g.device.
-- @usage local g = torch.Generator():manual_seed(1); torch.randn(2, { generator = g })
function torch.Generator(device)
  if type(device) == "table" then device = device.device end
  return rng.generator(first_seed, device)
end

--- torch.generator(seed, device): torch.Generator(device):manual_seed(seed).
-- @usage torch.randn(2, { generator = torch.generator(1) })
torch.generator = rng.generator

--- The generator that operators on the CPU use where none is given.
torch.default_generator = rng.default_generator()

local function restore(cpu, gpus, done, ...)
  rng.set_state(cpu)
  for device, state in pairs(gpus) do torch.cuda.set_rng_state(state, device) end
  if not done then error((...), 0) end
  return ...
end

--- torch.random.fork_rng(f, ...): runs f(...), and afterwards the generators of the CPU and of every GPU in use are as they were,
-- also where f fails. Returns what f returns. Options come first: fork_rng({devices = {0}, enabled = true}, f, ...).
-- @usage torch.random.fork_rng(function() torch.manual_seed(0) return torch.randn(2) end)
function random.fork_rng(options, f, ...)
  if type(options) ~= "table" then return random.fork_rng({}, options, f, ...) end
  if options.enabled == false then return f(...) end
  local gpus = {}
  if torch.cuda.is_initialized() then
    local devices = options.devices
    if not devices then
      devices = {}
      for i = 1, torch.cuda.device_count() do devices[i] = i - 1 end
    end
    for _, device in ipairs(devices) do gpus[device] = torch.cuda.get_rng_state(device) end
  end
  return restore(rng.state(), gpus, pcall(f, ...))
end
torch.fork_rng = random.fork_rng

for _, name in ipairs { "manual_seed", "seed", "initial_seed", "get_rng_state", "set_rng_state" } do random[name] = torch[name] end
torch.random = random
return random
