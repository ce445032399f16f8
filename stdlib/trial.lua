--- One experiment from its resolved node to its final metrics: built, trained, evaluated, written down.
local accumulation = require "accumulation"
local course = require "course"
local ema = require "ema"
local encoder = require "encoder"
local evaluate = require "evaluate"
local mixing = require "mixing"
local objective = require "objective"
local precision = require "precision"
local rng = require "host.rng"
local saving = require "saving"
local schema = require "schema"
local threshold = require "threshold"
local train = require "train"

local trial = {}

-- A seed for one purpose, small enough for every generator.
local function derived(seed, purpose) return rng.derive_seed(seed, purpose) % 2 ^ 53 end

--- What may stand for a device here: "auto", "cpu", and each GPU.
function trial.devices()
  local names = { "auto", "cpu" }
  for i = 0, (torch.cuda.is_available() and torch.cuda.device_count() or 0) - 1 do names[#names + 1] = "cuda:" .. i end
  return names
end

--- "auto" is the first GPU where there is one, else the CPU. Errors: a GPU that is not there.
-- @param position of the wish in a script, for the message
function trial.device(wish, position)
  if wish ~= "auto" then
    if not pcall(torch.zeros, 1, { device = wish }) then
      error({ position = position, message = ("device '%s' is not available here (%s)"):format(wish,
        table.concat(trial.devices(), ", ")) }, 0)
    end
    return wish
  end
  return torch.cuda.is_available() and "cuda" or "cpu"
end

-- The folder of this file: a place in it is none that a script's author can do anything about.
local library = debug.getinfo(1, "S").source:match "^@(.*)trial%.lua$" or ""

-- Calls a function; an error without a place of its own is given that of a node.
local function at(node, call, ...)
  local done, value = xpcall(call, function(message)
    if type(message) == "table" then return message end
    local text = tostring(message)
    if library ~= "" and text:sub(1, #library) == library then text = text:gsub("^[^\n:]+%.lua:%d+: ", "") end
    if text:match "^[^\n:]+%.lua:%d+:" then return text end
    return { position = node.position, message = text }
  end, ...)
  if not done then error(value, 0) end
  return value
end

-- A convolution whose weights have their channels last gives such outputs, whatever its input has.
local function channels_last(module)
  for _, parameter in ipairs(module:parameters()) do
    if parameter.ndim == 4 then parameter.data = parameter.data:contiguous { memory_format = "channels_last" } end
  end
end

local function built(node, context) return at(node, schema.build, node, context) end

local function splits_of(on) return type(on) == "table" and on or { on } end

-- How a model is to answer: one class along a path, or a set of classes above a threshold.
local function decoding_of(eval)
  local fixed = type(eval.threshold) == "number" and eval.threshold or 0.5
  return { decode = eval.decode, beam_width = eval.beam_width, threshold = fixed }
end

-- The terms of a loss for a model: { name, weight, of = function(state) }.
local function terms(loss, model, context)
  if not loss then
    if not model.default_terms then
      error("experiment: this model needs a loss; write loss = mixture { ... } or a sum of terms", 0)
    end
    return model:default_terms()
  end
  local list = {}
  for i, item in ipairs(loss.kind == "loss.sum" and loss.args.terms or { { weight = 1, term = loss } }) do
    local made, kind = built(item.term, context), item.term.kind
    local name = kind == "loss.term" and item.term.args.name or kind:match "([^.]+)$"
    list[i] = { name = name, weight = item.weight, of = model:term(made, kind) }
  end
  return list
end

-- The splits evaluated while training. Metrics of the whole training are of those; where there are none, of the final
-- ones (nothing is chosen by them).
local function during_of(o, final, of_training)
  local during = o.eval.during
  for _, entry in ipairs(of_training) do
    if #during == 0 and not entry.metric.after then during = final end
  end
  return during
end

--- Builds everything of an experiment: data, model, objective, optimizer, loaders, metrics.
-- @param o the options of an experiment node
-- @param context { seed, device, smoke = a few steps on a few samples (smoke.lua) }
-- @return { name, data, model, objective, optim, loaders, metrics, seed, device, o }
function trial.assemble(o, context)
  if context.smoke then o = require "smoke".options(o) end
  local seed = o.train.seed or context.seed or 0
  local device = trial.device(o.train.device ~= "auto" and o.train.device or context.device or "auto",
    schema.place_of(o.train, "device"))
  local data = built(o.data, { seed = seed, device = device, rehearse = context.rehearse,
                             smoke = context.smoke })
  if data.classes == 1 and not data.parts then
    at(o.data, error, ("'%s' has one class alone, '%s': there is nothing to tell apart"):format(data.name,
      data.class_names[1]), 0)
  end
  torch.use_deterministic_algorithms(o.train.deterministic)
  torch.manual_seed(derived(seed, "init"))
  local image = data.image and data:image() or (data.sets or data.parts[1].sets).train:shape() -- {} for texts
  local inner = { seed = seed, device = device, data = data, graph = data.graph, classes = data.classes,
                  class_names = data.class_names, image = #image > 0 and image or nil,
                  rehearse = context.rehearse or context.resumes and "load" or nil, -- its weights are read anyway
                  smoke = context.smoke, evaluated = splits_of(o.eval.on)[1], decoding = decoding_of(o.eval) }
  local model = built(o.model, inner)
  model.module:to(device)
  if o.train.channels_last then channels_last(model.module) end
  inner.model = model
  encoder.check(model.module.encoder, data)
  at(o.data, mixing.check, data, model)
  local function loader(split, options) return data:loader(split, encoder.loading(model.module.encoder, options)) end
  local loaders = { train = at(o.data, loader, "train", { seed = seed, device = device }) }
  local final = splits_of(o.eval.on)
  local tuning = {}
  if o.eval.threshold == "tune" then tuning = at(o.data, threshold.splits, data, final) end
  for _, wanted in ipairs { { "on", final }, { "during", o.eval.during }, { "threshold", tuning } } do
    -- a split that is not there is a mistake of the evaluation, where that names it
    local place = { position = schema.place_of(o.eval, wanted[1]) or o.data.position }
    for _, split in ipairs(wanted[2]) do
      loaders[split] = loaders[split] or at(place, loader, split, { batch = o.eval.batch, device = device })
    end
  end
  local batches = loaders.train:batches()
  local epochs = o.train.epochs or o.train.steps and math.ceil(o.train.steps / batches) or 10
  inner.steps = accumulation.updates(batches, epochs, o.train.steps, o.train.accumulate)
  local trunk, heads = model:parameters()
  local all = {}
  for _, list in ipairs { trunk, heads } do
    for _, parameter in ipairs(list) do all[#all + 1] = parameter end
  end
  local goal
  if o.loss and o.loss.kind == "mixture" then
    goal = built(o.loss, inner)
    goal:logs(o.train.log)
  else
    goal = objective.sum(terms(o.loss, model, inner), all)
  end
  local groups = { { name = "trunk", parameters = trunk }, { name = "heads", parameters = heads } }
  local own = goal.own_parameters and goal:own_parameters() or {}
  if #own > 0 then groups[3] = { name = "balance", parameters = own, options = { weight_decay = 0 } } end
  local optim = built(o.optim or schema.find "optim.adamw" {}, { groups = groups, steps = inner.steps,
    module = model.module })
  torch.manual_seed(derived(seed, "dropout"))
  local metrics, of_training = evaluate.metrics(o.eval.metrics, model.head_names or {},
    { classes = data.classes, class_names = data.class_names })
  local made = { name = o.name, data = data, model = model, objective = goal, optim = optim, loaders = loaders,
           metrics = metrics, of_training = of_training, during = during_of(o, final, of_training),
           final = final, tuning = tuning, epochs = epochs, seed = seed,
           device = device, o = o }
  if context.rehearse ~= "load" then
    require "reports".check(made)
    if #o.eval.plots > 0 then require "plots".check(made) end
  end
  return made
end

-- The key that is watched: early stopping's, else the main metric on the validation data where they are evaluated.
local function watched(made)
  local o = made.o
  if o.train.early_stop then
    local stop = o.train.early_stop
    return { key = stop.metric, patience = stop.patience, mode = stop.mode, min_delta = stop.min_delta }
  end
  local first = o.eval.during[1]
  if not first then return nil end
  return { key = first .. "." .. (o.eval.main or made.metrics[1].key), mode = "max" }
end

--- The metrics on every split of eval.on; a threshold that is to be tuned is tuned before, on held-out training data.
-- @return list of { key, value }, and the number of samples
function trial.evaluate(made)
  local values, samples, first_threshold = {}, 0, nil
  for _, pair in ipairs(made.data.facts or {}) do values[#values + 1] = pair end
  for i, split in ipairs(made.final) do
    local tuned = made.tuning[i]
    if tuned then
      local best = threshold.tune(made.model, made.loaders[tuned], tuned)
      values[#values + 1] = { split .. ".threshold", best }
      first_threshold = first_threshold or best
    end
    local found, count = evaluate.run(made.model, made.loaders[split], made.metrics, split)
    for _, pair in ipairs(found) do values[#values + 1] = pair end
    samples = samples + count
  end
  -- what is saved and shown answers for the first split
  if made.model.evaluate_on then made.model:evaluate_on(made.final[1]) end
  if first_threshold then made.model:set_threshold(first_threshold) end
  return values, samples
end

-- What its parts are, so that another training takes over only what is of the same kind.
local function kinds_of(made)
  local o = made.o
  local loss = o.loss and o.loss.kind == "mixture" and o.loss.args
  return {
    optim = o.optim and o.optim.kind or "optim.adamw",
    objective = loss and ("%s of %s"):format(loss.balance and loss.balance.kind or "sum",
      table.concat(made.objective.names, ", ")) or "sum",
  }
end

--- Trains and evaluates. `report` is told what happens: { log = function(record), progress,
-- keep_best, restore_best, reference = of the metrics that compare runs (course.finish), save = function(state) that
-- writes a checkpoint, warn = function(text), resume, adopts, lost, after_epoch = as train.run takes them }.
-- @return the state of training, with `final` = list of { key, value } on eval.on (all of its splits), and `hints`: why
-- some of them have no value
function trial.run(made, report)
  local o = made.o
  local state = {
    model = made.model, data = made.data, objective = made.objective, optim = made.optim, loaders = made.loaders,
    metrics = made.metrics, device = made.device, seed = made.seed, epochs = made.epochs, steps = o.train.steps,
    clip = o.train.clip, clip_value = o.train.clip_value,
    ema = o.train.ema and ema.new(made.model.module, o.train.ema), during = #made.during > 0 and made.during or nil,
    every = o.eval.every == "epoch" and 1 or o.eval.every,
    accumulate = o.train.accumulate, precision = precision.new(o.train.precision, made.device),
    watch = watched(made), on = o.train.on, log = report.log, progress = report.progress,
    keep_best = o.train.checkpoint == "best" and report.keep_best or nil,
    saver = report.save and saving.new(o.train.checkpoint_every, report.save, report.warn),
    resume = report.resume, adopts = report.adopts, tell_lost = report.lost, kinds = kinds_of(made),
  }
  state.kinds.watch, state.after_epoch = state.watch and state.watch.key, report.after_epoch
  train.run(state)
  if state.diverged or state.interrupted or state.pruned then return state end
  if state.ema then state.ema:settle() end
  if state.keep_best and state.best then report.restore_best() end
  state.final, state.final_samples = trial.evaluate(made)
  state.hints = course.finish(made.of_training, made.during, made.final, state.course, state.final, report.reference)
  return state
end

return trial
