--- load_run("ID"): a run as it was: model, configuration, graph and labels, and predict(x) on new inputs.
-- The id may be a unique beginning or ending of one, or "last". The model is built from the run's own copies of its
-- script and files, under the overrides and the environment that it was run with, and has the weights that the run's
-- final metrics are of: the best ones, or the averaged ones, where the run kept such. Of a run that is not finished it
-- has those of the last checkpoint.
local host_run = require "host.run"
local recorded = require "recorded"
local run_writer = require "run_writer"
local runner = require "runner"

local Trained = require "trained_model"

local Loaded = setmetatable({}, { __index = Trained })
Loaded.__index = Loaded

function Loaded:__tostring() return ("run %s (%s)"):format(self.id, self.status) end

-- The weights of a run: those it ended with, or of its last checkpoint.
local function weights_of(run, name)
  local file = ("%s/ckpt/%s.safetensors"):format(run:path(), name)
  if require "host.system".stat(file) then return require "checkpoint".load(file) end
  local saved = name == "last" and run_writer.saved(run)
  if not saved then error(("run %s (%s) has no checkpoint %s"):format(run:id(), run:status(), file), 0) end
  return require "training_state".weights(saved)
end

--- @param id the id of a run
-- @param options { checkpoint = "last" or "best", device = "cpu", store = where runs are kept }
-- Errors: no such run (with the nearest), one without a checkpoint.
return function(id, options)
  options = options or {}
  local run = host_run.open(options.store or runner.store(), id)
  local meta = run:meta()
  local result, mistakes = recorded.evaluate(run, meta, options.device and { "device=" .. options.device })
  if not result then error(("run %s: its script no longer evaluates:\n%s"):format(run:id(), mistakes), 0) end
  -- its weights are read: what building would train need not be
  local made, mistake = recorded.reading(result.recorded, runner.build, result, "load", meta.smoke)
  if not made then error(("run %s: %s"):format(run:id(), mistake), 0) end
  made.model.module:load_state_dict(weights_of(run, options.checkpoint or "last"))
  return setmetatable({
    id = run:id(), status = run:status(), path = run:path(), config = run:config(), meta = meta, model = made.model,
    data = made.data, graph = made.data.graph, labels = made.data.class_names, device = made.device,
    made = made, metrics = run:metrics(), image = (made.data.sets or made.data.parts[1].sets).train:shape(),
  }, Loaded)
end
