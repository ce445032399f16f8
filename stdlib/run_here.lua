--- run(e): trains an experiment here and now, at the prompt or in a program, and gives what came of it, to look at and
-- to go on from. Nothing is kept in the store: `moonlab run FILE` does that.
--
--     r = run(experiment "x" { ... })        r = run("scripts/x.lua", { "optim.lr=0.1" })
--     r.metrics["test.top1"]  r.course       the last evaluation, and one record an evaluation while it trained
--     r.model  r.data  r.labels  r.config    the model (its parameters: r.model.module), data, class names, configuration
--     r:train(5)                             five epochs more: weights, optimizer, averages and random streams go on; a
--                                            schedule is stretched over all of it
--     r:evaluate()                           the metrics again, { [key] = value }
--     r:predict(x)                           classes for inputs as the data gives them; r:decisions(x) of paths
-- @usage r = run("scripts/x.lua", { "optim.lr=0.1", quiet = true })
local canonical = require "language.canonical"
local language = require "language"
local order = require "language.order"
local progress = require "progress"
local runner = require "runner"
local schema = require "schema"
local system = require "host.system"
local training_state = require "training_state"
local trial = require "trial"

local Trained = require "trained_model"
local Run = setmetatable({}, { __index = Trained })
Run.__index = Run

local function line(self)
  if self.quiet then return nil end
  return progress.new { live = system.isatty "stdout", width = system.terminal_width(100), clock = system.clock,
    write = function(text)
    io.stdout:write(text)
    io.stdout:flush()
  end }
end

local function as_table(list)
  local values, keys = {}, {}
  for _, pair in ipairs(list or {}) do values[pair[1]], keys[#keys + 1] = pair[2], pair[1] end
  return order.set(values, keys)
end

-- What `take` gives holds the model's own tensors, which go on changing.
local function apart(dict)
  local copy = {}
  for name, tensor in pairs(dict) do copy[name] = tensor:clone() end
  return copy
end

-- Trains until made.epochs or o.train.steps; goes on where it stopped before.
local function go(self)
  local made, best = self.made, nil
  local state = trial.run(made, {
    resume = self.saved, progress = line(self),
    keep_best = function() best = apart(made.model.module:state_dict()) end,
    restore_best = function() if best then made.model.module:load_state_dict(best) end end,
    after_epoch = function(training)
      if not (training.stop or training.epoch >= training.epochs) then return end
      self.saved = training_state.take(training)
      self.saved.model = apart(self.saved.model)
    end,
  })
  self.course, self.epoch, self.step, self.seconds = state.course, state.epoch, state.step, state.seconds
  self.status = state.diverged and "diverged" or state.interrupted and "interrupted" or "done"
  self.metrics = as_table(state.final)
  for _, hint in ipairs(state.hints or {}) do if not self.quiet then print(hint) end end
  if self.status == "diverged" and not self.quiet then print("diverged: " .. state.stop) end
  return self
end

--- Trains further: a number of epochs, or { steps = n }.
function Run:train(more)
  local made = self.made
  local epochs = type(more) == "number" and more or type(more) == "table" and more.epochs
  local steps = type(more) == "table" and more.steps
  local count = epochs or steps
  if type(count) ~= "number" or count < 1 or count ~= math.floor(count) then
    error("train: a number of epochs, or { steps = n }", 2)
  end
  local batches = made.loaders.train:batches()
  made.o.train.steps = steps and self.step + steps or nil
  made.epochs = epochs and self.epoch + epochs or math.ceil(made.o.train.steps / batches)
  if self.saved then self.saved.stop = nil end
  if made.optim.total then made.optim.total = made.o.train.steps or made.epochs * batches end
  return go(self)
end

--- The metrics of the splits of eval.on as the model is now.
function Run:evaluate()
  self.metrics = as_table((trial.evaluate(self.made)))
  return self.metrics
end

function Run:__tostring()
  local lines = { ("run of %s (%s): %d epochs, %d steps, %.1f s on %s"):format(self.id, self.status, self.epoch,
    self.step,
    self.seconds, self.device) }
  for _, key in ipairs(order.keys(self.metrics)) do
    lines[#lines + 1] = ("  %-20s %.4f"):format(key, self.metrics[key])
  end
  lines[#lines + 1] = "  r.model r.data r.metrics r.course r:train(n) r:evaluate() r:predict(x)"
  return table.concat(lines, "\n")
end

--- @param e an experiment, or the path of a script that returns one (of a sweep or an ablation: its base)
-- @param options overrides as texts { "optim.lr=0.1" }; quiet = true: no progress
return function(e, options)
  options = options or {}
  local result, mistakes
  if type(e) == "string" then
    result, mistakes = runner.evaluate(e, { unpack(options) }, { base = true })
  elseif schema.is_node(e) and e.kind == "experiment" then
    result, mistakes = language.resolve(e, { unpack(options) })
    if not result then mistakes = language.format(mistakes) end
  else
    error(("run: an experiment or the path of a script, got %s"):format(require "language.types".describe(e)), 2)
  end
  if not result then error(mistakes, 0) end
  local made, mistake = runner.build(result)
  if not made then error(mistake, 0) end
  local self = setmetatable({
    id = made.name, made = made, model = made.model, data = made.data, graph = made.data.graph,
      labels = made.data.class_names,
    device = made.device, image = (made.data.sets or made.data.parts[1].sets).train:shape(), quiet = options.quiet,
    config = system.json((canonical.text(result.node, { session = result.session, unwritten = true }))),
  }, Run)
  -- the graph of an experiment's options is the script's: what is changed here is a copy
  made.o = setmetatable({ train = setmetatable({}, { __index = made.o.train }) }, { __index = made.o })
  return go(self)
end
