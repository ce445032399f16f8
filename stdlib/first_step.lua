--- One training step and one batch of every evaluation, looked at: what `moonlab check` says of an experiment. What was
-- built for it is used up; nothing is kept.
--
--     local facts = require "first_step"(made)       -- made: what trial.assemble gives
--
-- facts = { batch = samples, batches = of an epoch, epochs, parameters, trained = numbers of parameters,
--   shapes = { { name, shape } }: what goes in, the features, what each head gives,
--   terms = { { name, value, guess } }: the loss before any step, and what it is for outputs that say nothing (nil
--   where
--           that is no number), loss, gradient = its norm, seconds = of the step,
--   bytes = { parameters, gradients, optimizer, peak }: memory, the peak that of the step,
--   evaluated = { { split, samples } } }
local evaluate = require "evaluate"
local host = require "host.tensor"
local precision = require "precision"
local system = require "host.system"

local function bytes_of(list)
  local bytes = 0
  for _, tensor in ipairs(list) do bytes = bytes + tensor.nbytes end
  return bytes
end

local function optimizer_state(optim)
  local seen, bytes = {}, 0
  local function visit(value, depth)
    if torch.is_tensor(value) then
      bytes = bytes + value.nbytes
    elseif type(value) == "table" and not seen[value] and depth < 6 then
      seen[value] = true
      for _, item in pairs(value) do visit(item, depth + 1) end
    end
  end
  visit(optim.optim and optim.optim.state or {}, 0)
  return bytes
end

-- The loss of heads whose parameters are all 0: equal logits, even chances. A list of numbers in the order of the
-- terms, nan where a head has no such outputs (lengths and angles of vectors of 0).
local function guesses(made, state)
  local _, heads = made.model:parameters()
  local kept, values = {}, {}
  torch.no_grad(function()
    for i, parameter in ipairs(heads) do
      kept[i] = parameter:clone()
      parameter:zero_()
    end
  end)
  local done = pcall(torch.no_grad, function()
    local empty = { model = made.model, optim = made.optim, step = 1, epoch = 1, epochs = made.epochs,
      batch = state.batch }
    made.objective:forward(empty)
    made.objective:criterion(empty)
    for i = 1, #made.objective.names do values[i] = empty.terms[i]:item() end
  end)
  torch.no_grad(function()
    for i, parameter in ipairs(heads) do parameter:copy_(kept[i]) end
  end)
  return done and values or {}
end

-- Terms that measure no answer against a truth: of rewards against a baseline, and functions of one's own.
local function guessless(loss)
  local none = {}
  if not loss or loss.kind == "mixture" then return none end
  for i, item in ipairs(loss.kind == "loss.sum" and loss.args.terms or { { term = loss } }) do
    none[i] = item.term.kind == "path.reinforce" or item.term.kind == "loss.term"
  end
  return none
end

local function shape_text(tensor)
  local sizes = {}
  for i, size in ipairs(tensor.shape) do sizes[i] = tostring(size) end
  return #sizes == 0 and "1" or table.concat(sizes, " x ")
end

local function shapes_of(made, state)
  local shapes = { { "input", shape_text(state.batch.x) } }
  if torch.is_tensor(state.features) then shapes[2] = { "features", shape_text(state.features) } end
  torch.no_grad(function()
    for _, entry in ipairs(made.model.heads or {}) do
      local outputs = entry.head:forward(state.features:detach())
      if torch.is_tensor(outputs) then
        shapes[#shapes + 1] = { entry.name and "head " .. entry.name or "outputs", shape_text(outputs) }
      end
    end
  end)
  return shapes
end

local function gradient_norm(parameters)
  local total = 0
  for _, parameter in ipairs(parameters) do
    if parameter.grad then total = total + parameter.grad:detach():double():square():sum():item() end
  end
  return math.sqrt(total)
end

-- The first batch of a split alone, as a loader.
local function first_of(loader)
  return { each = function(_, epoch)
    local next_batch, a, b = loader:each(epoch)
    local given = false
    return function()
      if given then return nil end
      given = true
      return next_batch(a, b)
    end
  end }
end

local function evaluated(made)
  local list, seen = {}, {}
  for _, splits in ipairs { made.final, made.during or {} } do
    for _, split in ipairs(splits) do
      if not seen[split] then
        seen[split] = true
        local _, samples = evaluate.run(made.model, first_of(made.loaders[split]), made.metrics, split)
        list[#list + 1] = { split, samples }
      end
    end
  end
  return list
end

return function(made)
  local state = { model = made.model, optim = made.optim, objective = made.objective, step = 1, epoch = 1,
    epochs = made.epochs,
                  clip = made.o.train.clip, accumulate = 1, device = made.device,
                  precision = precision.new(made.o.train.precision, made.device) }
  local cuda = made.device:find "^cuda" ~= nil
  if made.model.begin_epoch then made.model:begin_epoch(state) end
  made.model:train()
  for batch in made.loaders.train:each(0) do
    state.batch = batch
    break
  end
  host.reset_memory_peak()
  local before = system.clock()
  made.objective:forward(state)
  made.objective:criterion(state)
  local terms = {}
  for i, name in ipairs(made.objective.names) do terms[i] = { name, state.terms[i]:item() } end
  local facts = { terms = terms, loss = state.loss:item(), batch = #state.batch.y,
    batches = made.loaders.train:batches(),
                  epochs = made.epochs }
  if facts.loss ~= facts.loss or math.abs(facts.loss) == math.huge then return facts end
  made.objective:backward(state)
  local trunk, heads = made.model:parameters()
  local trained = {}
  for _, list in ipairs { trunk, heads } do
    for _, parameter in ipairs(list) do
      if parameter.requires_grad then trained[#trained + 1] = parameter end
    end
  end
  local paused = system.clock()
  facts.gradient = gradient_norm(trained)
  facts.shapes = shapes_of(made, state)
  before = before + system.clock() - paused
  made.objective:update(state)
  facts.seconds = system.clock() - before
  local none = guessless(made.o.loss)
  for i, guess in pairs(guesses(made, state)) do
    if guess == guess and guess > 0 and guess < math.huge and not none[i] then terms[i][3] = guess end
  end
  local all = made.model.module:parameters()
  local memory = host.memory(1)
  facts.bytes = { parameters = bytes_of(all), gradients = bytes_of(trained), optimizer = optimizer_state(made.optim),
                  peak = cuda and memory.device_peak or memory.tensors_peak }
  facts.parameters, facts.trained = made.model.module:num_parameters(), 0
  for _, parameter in ipairs(trained) do facts.trained = facts.trained + parameter:numel() end
  facts.evaluated = evaluated(made)
  return facts
end
