--- All that a training needs to go on as if nobody had stopped it, taken and put back.
--
--     local saved = training_state.take(state)          a table of tensors, numbers and texts (torch.save takes it)
--     training_state.resume(state, saved)               the same training, to the last bit on a CPU
--     local lost = training_state.adopt(state, saved)   another one that begins there: what fits is taken over
--
-- It is taken between two updates of the weights: of an epoch by its number and the batches seen of it, for the order
-- of an epoch hangs on the seed and its number alone. Parts: whatever of a training has state_dict() and
-- load_state_dict(t), by name; state.parts may name more.
local torch = require "torch"

local training_state = {}

-- What a checkpoint holds is read by programs that know this number.
local FORMAT = 1

-- { name, object } of everything that remembers something, the model apart; in the order in which they are put back.
local function parts_of(state)
  local list = {}
  local function add(name, object)
    if object and object.state_dict and object.load_state_dict then list[#list + 1] = { name, object } end
  end
  add("optim", state.optim)
  add("objective", state.objective)
  add("task_log", state.objective.log)
  add("scaler", state.precision and state.precision.scaler)
  add("ema", state.ema)
  add("meter", state.meter)
  for _, part in ipairs(state.parts or {}) do add(part[1], part[2]) end
  return list
end

-- Streams of random numbers besides the default ones, by name: the model's own.
local function streams_of(state) return state.model.streams and state.model:streams() or {} end

local function random_state(state)
  local random = { cpu = torch.get_rng_state(), streams = {} }
  if tostring(state.device):find "^cuda" then random.device = torch.cuda.get_rng_state(state.device) end
  for name, generator in pairs(streams_of(state)) do random.streams[name] = generator:get_state() end
  return random
end

local function set_random_state(state, random)
  for name, generator in pairs(streams_of(state)) do
    if random.streams[name] then generator:set_state(random.streams[name]) end
  end
  if random.device and tostring(state.device):find "^cuda" then
    torch.cuda.set_rng_state(random.device, state.device)
  end
  torch.set_rng_state(random.cpu)
end

-- Names of the parameters that are not trained at the moment: a hook may have frozen some.
local function frozen(module)
  local names = {}
  for name, parameter in module:named_parameters() do
    if not parameter.requires_grad then names[name] = true end
  end
  return names
end

--- @param state of training (train.run), between two updates
function training_state.take(state)
  local module = state.model.module
  local saved = {
    format = FORMAT, epoch = state.epoch, step = state.step, in_epoch = state.in_epoch, closed = state.closed or false,
    batches = state.loaders.train:batches(), samples = state.loaders.train:size(), seconds = state:elapsed(),
    stop = not state.interrupted and not state.pruned and state.stop or nil, best = state.best, course = state.course,
    values = state.values, memory = state.memory, accumulate = state.accumulate, kinds = state.kinds, seed = state.seed,
    model = module:state_dict(), frozen = frozen(module), parts = {}, random = random_state(state),
  }
  for _, part in ipairs(parts_of(state)) do saved.parts[part[1]] = part[2]:state_dict() end
  return saved
end

-- Numbers of a part as they are used: parts that take tensors as they are given find them on the training's device.
-- Counters and states of generators stay in main memory.
local function on_device(value, device)
  if torch.is_tensor(value) then return value:is_floating_point() and value:to(device) or value end
  if type(value) ~= "table" then return value end
  local moved = {}
  for key, item in pairs(value) do moved[key] = on_device(item, device) end
  return moved
end

-- Where training goes on, and what it has seen.
local function place(state, saved)
  state.epoch, state.step, state.in_epoch, state.closed = saved.epoch, saved.step, saved.in_epoch, saved.closed
  state.best, state.course, state.values = saved.best, saved.course or {}, saved.values
  state.memory, state.stop = saved.memory or {}, saved.stop
  -- heads that keep something by epoch are told of the one that is open before they get what they knew in it
  if not state.closed and state.model.begin_epoch then state.model:begin_epoch(state) end
  if state.objective.batches then state.objective.batches:at(state.epoch, state.in_epoch) end
end

--- Why this is nothing to go on from, or nil.
function training_state.problem(saved)
  local format = type(saved) == "table" and saved.format or "none"
  if format == FORMAT then return nil end
  return ("it is no checkpoint that this program can go on from (format %s, here %d)"):format(tostring(format), FORMAT)
end

--- Puts everything back. Errors: it is of another format, or of a model or data that differ.
function training_state.resume(state, saved)
  local problem = training_state.problem(saved)
  if problem then error(problem, 0) end
  local batches, samples = state.loaders.train:batches(), state.loaders.train:size()
  if saved.batches ~= batches or saved.samples ~= samples then
    error(("the training data are not what they were: %d samples in %d batches, now %d in %d"):format(saved.samples,
      saved.batches, samples, batches), 0)
  end
  place(state, saved)
  local module = state.model.module
  module:load_state_dict(saved.model)
  for name, parameter in module:named_parameters() do
    local trained = not saved.frozen[name]
    if parameter.requires_grad ~= trained then parameter:requires_grad_(trained) end
  end
  for _, part in ipairs(parts_of(state)) do
    local own = saved.parts[part[1]]
    if own then part[2]:load_state_dict(part[1] == "optim" and own or on_device(own, state.device)) end
  end
  set_random_state(state, saved.random)
end

-- The optimizer goes on from its moments, with the options that the new script gives it. `updates`: how many an epoch of
-- its own has, where that differs: the schedule then stands where so many epochs have brought it.
local function adopt_optimizer(state, saved, same, updates)
  local own, schedule = state.optim:state_dict(), saved.schedule
  if updates and schedule then
    schedule.steps = updates * state.epoch
    for i in ipairs(schedule.made) do schedule.made[i] = schedule.steps end
  end
  state.optim:load_state_dict { state = same and saved.state or {}, param_groups = own.param_groups,
                                schedule = schedule }
end

-- Weights that fit, by name; tells `loses` of the others. true where all did.
local function adopt_weights(state, weights, loses)
  local report = state.model.module:load_state_dict(weights, { strict = false })
  for _, list in ipairs { { "missing_keys", "the run has no such weights" }, { "mismatched_keys", "another shape" },
                          { "unexpected_keys", "the new model has no such weights" } } do
    for _, name in ipairs(report[list[1]]) do loses(name, list[2]) end
  end
  return #report.missing_keys + #report.mismatched_keys + #report.unexpected_keys == 0
end

--- Begins a training where another one was: weights, moments, averages, balances and streams that fit are taken over.
-- @param saved what `take` gave, or { weights = of the model } of a run that kept nothing else
-- @return list of texts: what was not, and why
function training_state.adopt(state, saved)
  local lost = {}
  local function loses(what, why) lost[#lost + 1] = why and ("%s: %s"):format(what, why) or what end
  if saved.weights then
    adopt_weights(state, saved.weights, loses)
    loses("the optimizer's state and the place in training", "the run kept its weights alone; epochs count from 1")
    return lost
  end
  local same_data = saved.batches == state.loaders.train:batches() and saved.samples == state.loaders.train:size()
  if not saved.closed and not same_data then
    loses("the rest of epoch " .. saved.epoch, "the training data are others; the next epoch begins")
    saved.closed = true
  end
  saved.stop = nil
  if not (state.watch and saved.kinds and saved.kinds.watch == state.kinds.watch) then saved.best = nil end
  place(state, saved)
  local whole = adopt_weights(state, saved.model, loses)
  for _, part in ipairs(parts_of(state)) do
    local name, object, own = part[1], part[2], saved.parts[part[1]]
    local same = not saved.kinds or saved.kinds[name] == state.kinds[name]
    if name == "meter" then
      if not saved.closed then object:load_state_dict(own) end
    elseif name == "optim" then
      if not (same and whole) then
        loses("the optimizer's moments", same and "the weights differ" or "it is another optimizer")
      end
      local batches, n = state.loaders.train:batches(), state.accumulate or 1
      local updates = (not same_data or saved.accumulate ~= state.accumulate) and math.ceil(batches / n) or nil
      local done, why = pcall(adopt_optimizer, state, own, same and whole, updates)
      if not done then loses("the optimizer's state", tostring(why)) end
    elseif own and next(own) ~= nil then
      local done, why = false, "it is another one"
      if same then done, why = pcall(object.load_state_dict, object, on_device(own, state.device)) end
      if not done then loses("the state of " .. name, tostring(why)) end
    end
  end
  if saved.seed == state.seed then set_random_state(state, saved.random) end
  return lost
end

--- The weights of a checkpoint that predict: averaged ones where they are kept.
-- @return { name = tensor }
function training_state.weights(saved)
  local ema, weights = saved.parts.ema, {}
  for name, tensor in pairs(saved.model) do
    weights[name] = ema and ema.updates:item() > 0 and ema["average." .. name] or tensor
  end
  return weights
end

return training_state
