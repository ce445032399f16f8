--- The training loop: one open state table, named hooks around every part of a step.
--
-- The state holds model, data, objective, optim, epoch (from 1), step (from 1, over the whole run), batch, features,
-- loss, terms, metrics (of the last evaluation), and `stop`: a hook that sets it to a text ends the run after the step.
-- `memory` is a table for hooks: numbers, texts and tensors that they put there are in checkpoints, so that a run that
-- goes on finds them; `resumed` tells the hook start that it does (the weights are put back after it).
-- Hooks (`train.on = { step = function(state) ... end }`) in the order in which they fire:
--   start; then for every epoch: epoch, and for every batch: sample, forward, criterion, backward, step; finally end.
-- A hook named X fires when X is done; `start` and `epoch` fire before the first batch; of an epoch in which training
-- was left and taken up again `epoch` fires once.
local adopt = require "host.tensor".adopt
local evaluate = require "evaluate"
local meter = require "meter"
local system = require "host.system"
local training_state = require "training_state"

local train = {}

train.hooks = { "start", "epoch", "sample", "forward", "criterion", "backward", "step", "evaluate", "end" }

local function emit(state, hook)
  local listener = state.on[hook]
  if listener then listener(state) end
end

-- One step. What it made and the batch are freed at its end; the meter holds the only trace of the loss.
local function step(state, batch)
  scope(function()
    state.batch = adopt(batch)
    emit(state, "sample")
    state.objective:forward(state)
    emit(state, "forward")
    state.objective:criterion(state)
    emit(state, "criterion")
    state.objective:backward(state)
    emit(state, "backward")
    state.objective:update(state)
    if state.ema then state.ema:after(state.objective) end
    state.meter:add(state.loss, state.terms)
    emit(state, "step")
    state.batch, state.features, state.loss, state.terms, state.outputs = nil, nil, nil, nil, nil
  end)
end

-- Is `value` of the watched metric better than the best so far?
local function better(watch, value, best)
  if value ~= value then return false end
  if not best then return true end
  if watch.mode == "min" then return value < best end
  return value > best
end

-- The epoch from which patience counts: the last whose value was better than the one before that counted by more than
-- min_delta.
local function counted(state, value)
  local watch, best = state.watch, state.best
  if not best then return 0 end
  local delta = (watch.min_delta or 0) * (watch.mode == "min" and -1 or 1)
  if value and better(watch, value, best.mark and best.mark.value + delta) then
    best.mark = { value = value, epoch = state.epoch }
  end
  return best.mark.epoch
end

-- Evaluates the splits asked for; watches one key for the best epoch and for stopping early.
local function judge(state, splits)
  local reading = {}
  for _, split in ipairs(splits) do
    local values = evaluate.run(state.model, state.loaders[split], state.metrics, split)
    for _, pair in ipairs(values) do reading[#reading + 1] = pair end
  end
  state.reading = reading
  state.values = {}
  local record = { epoch = state.epoch, step = state.step, seconds = state:elapsed() }
  for _, pair in ipairs(reading) do state.values[pair[1]], record[pair[1]] = pair[2], pair[2] end
  state.course[#state.course + 1] = record
  local watched = state.watch and state.values[state.watch.key]
  if watched and better(state.watch, watched, state.best and state.best.value) then
    state.best = { value = watched, epoch = state.epoch, step = state.step, mark = state.best and state.best.mark }
    if state.keep_best then state.keep_best(state) end
  end
  if watched then state.optim:observe(watched) end -- a plateau lowers the rate
  emit(state, "evaluate")
  local patience = state.watch and state.watch.patience
  if patience and state.epoch - counted(state, watched) >= patience then
    state.stop = ("no better %s for %d epochs"):format(state.watch.key, patience)
  end
end

local function read_loss(state, whole_epoch)
  local reading = state.meter[whole_epoch and "epoch" or "read"](state.meter)
  if not reading then return nil end
  state.loss_reading = reading
  if reading.diverged then
    state.diverged = reading.diverged
    state.stop = ("the loss is not finite since step %d"):format(reading.diverged)
  end
  if state.objective.look then state.objective:look(state, reading) end -- it may know which task it is
  return reading
end

-- What the progress line shows.
local function shown(state)
  local reading = state.loss_reading or {}
  local first = state.watch and state.values and state.values[state.watch.key]
  return {
    epoch = state.epoch, epochs = state.epochs, step = state.in_epoch, steps = state.loaders.train:batches(),
    loss = reading.loss, terms = reading.terms,
    metric = first and { state.watch.key, first }, best = state.best and { state.best.value, state.best.epoch },
  }
end

-- Does no batch wait for others of its update (accumulation)? Only then can training be left and taken up again.
local function whole(state)
  local batches = state.objective.batches
  return not batches or batches.last ~= false
end

-- Everything as it is before the first step, or as a checkpoint has it.
local function begin(state)
  local started, before = system.clock(), state.resume and state.resume.seconds or 0
  function state.finite()
    read_loss(state)
    return not state.diverged
  end
  function state.elapsed() return system.clock() - started + before end -- over all processes that trained it
  state.epoch, state.step, state.in_epoch, state.closed = 0, 0, 0, true
  state.on, state.course, state.memory = state.on or {}, state.course or {}, {}
  state.meter = meter.new(state.objective.names, state.device)
  state.resumed = state.resume ~= nil
  state.model:train()
  emit(state, "start")
  if not state.resume then return end
  state.lost = training_state[state.adopts and "adopt" or "resume"](state, state.resume)
  if state.lost and state.tell_lost then state.tell_lost(state.lost) end
  state.resume, state.first = nil, state.step
  if state.progress then
    state.progress.done_before = (state.epoch - 1) * state.loaders.train:batches() + state.in_epoch
  end
end

--- Where it is set, goes through the batches of an epoch in the place of this loop: function(state) -> whether it did
-- (vectorized.lua).
train.together = nil

-- The batches of an epoch that are still to come; leaves where something stops it.
local function walk(state)
  if train.together and train.together(state) then return end
  local saver, batches = state.saver, state.loaders.train:batches()
  for batch in state.loaders.train:each(state.epoch - 1, state.in_epoch) do
    state.step, state.in_epoch = state.step + 1, state.in_epoch + 1
    step(state, batch)
    if state.progress then
      state.progress:show(function()
        read_loss(state)
        return shown(state)
      end)
    end
    if state.steps and state.step >= state.steps then state.stop = state.stop or "the step limit is reached" end
    if whole(state) then
      if system.interrupts() > 0 then state.interrupted, state.stop = true, "interrupted" end
      if saver and not state.stop and state.in_epoch < batches then saver:after_update(state) end
    end
    if state.stop then return end
  end
end

-- What an epoch came to: evaluated and written down.
local function close(state, last)
  local reading = read_loss(state, true)
  last = last or state.stop ~= nil
  if not state.diverged and state.during and (last or state.epoch % state.every == 0) then
    if state.ema then state.ema:with(judge, state, state.during) else judge(state, state.during) end
  end
  if state.log and reading then
    local record = { epoch = state.epoch, step = state.step, ["train.loss"] = reading.loss, seconds = state:elapsed() }
    for _, term in ipairs(reading.terms) do record["train." .. term[1]] = term[2] end
    for _, pair in ipairs(state.reading or {}) do record[pair[1]] = pair[2] end
    for key, value in pairs(state.objective.readings and state.objective:readings() or {}) do record[key] = value end
    state.reading = nil
    state.log(record)
  end
  state.closed = true
end

--- Trains until the epochs are done, a hook stops it, it diverges, or the user interrupts.
-- @param state { model, objective, loaders = { train, val, test }, epochs, steps (or nil: a limit over the run),
--   metrics (evaluate.metrics), during = list of splits evaluated at the end of an epoch, every = epochs between
--   (nil: only after the last), watch = { key, mode = "max"|"min", patience = epochs or nil }, on = hooks,
--   accumulate = batches an update (1), precision = precision.new(...) or nil (float32), clip, clip_value = numbers or
--   nil, ema = ema.new(...) or nil: what is evaluated, and kept as the best,
--   log = function(record) or nil, progress = a progress line or nil, keep_best = function(state) or nil,
--   saver = when checkpoints are written (saving.lua) or nil, parts = { { name, object }, ... } that have state_dict and
--   load_state_dict and belong into them, resume = what one held (training_state.take) or nil, adopts = true where it is
--   that of another training, tell_lost = function(list of texts): what of that did not fit, after_epoch =
--   function(state): it may set `stop` }
-- @return the state, with `diverged` (a step number) or `interrupted` (true; after it no epoch is evaluated) where one of
-- them ended it, and `course`: a record { epoch, step, seconds, [key] = value } of each evaluation; `unsaved` = why not,
-- where an interrupted training could not be written
function train.run(state)
  begin(state)
  while not state.stop and (not state.closed or state.epoch < state.epochs) do
    if state.closed then
      state.epoch, state.in_epoch, state.closed = state.epoch + 1, 0, false
      if state.model.begin_epoch then state.model:begin_epoch(state) end
      emit(state, "epoch")
    end
    walk(state)
    local shows = state.epoch == state.epochs or state.stop
    if not state.interrupted then close(state, state.epoch == state.epochs) end
    if state.after_epoch and not state.interrupted then state.after_epoch(state) end
    local last = state.stop ~= nil or state.epoch == state.epochs
    if state.saver and not state.diverged then
      if state.interrupted then
        state.unsaved = select(2, state.saver:now(state))
        state.interrupted = not state.diverged -- which showed only now
      else
        state.saver:after_epoch(state, last)
      end
    end
    if state.progress and (state.progress.live or shows) then
      state.progress:show(function() return shown(state) end, true)
    end
  end
  state.seconds = state:elapsed()
  if state.progress then state.progress:close() end
  emit(state, "end")
  return state
end

return train
