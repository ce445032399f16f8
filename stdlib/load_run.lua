--- load_run("ID"): a run as it was: model, configuration, graph and labels, and predict(x) on new inputs.
-- The id may be a unique beginning or ending of one, or "last". The model is built from the run's own copy of the
-- script under the overrides it was run with, and filled from its checkpoint.
local encoder = require "encoder"
local host_run = require "host.run"
local runner = require "runner"

local Loaded = {}
Loaded.__index = Loaded

-- What the model is fed: images as they are, texts as tokens.
local function batch_of(self, x)
  local input = encoder.input(self.model.module.encoder)
  if input.tokenizer then
    if type(x) == "string" then x = { x } end
    if type(x) ~= "table" or type(x[1]) ~= "string" then
      error(("predict: run %s takes a text or a list of texts, got a %s"):format(self.id, type(x)), 3)
    end
    local tokens, mask = input.tokenizer:batch(x, input.max_length)
    return { x = tokens:to(self.device), mask = mask:to(self.device) }
  end
  local image = self.image
  if x.ndim ~= 4 or x.shape[2] ~= image[1] or x.shape[3] ~= image[2] or x.shape[4] ~= image[3] then
    error(("predict: run %s takes images [B, %d, %d, %d], got %s"):format(self.id, image[1], image[2], image[3], tostring(x.shape)), 3)
  end
  return { x = x:to(self.device) }
end

--- Classes for inputs as the run's data gives them (images [B, C, H, W], normalised; or a list of texts), in evaluation
-- mode, without gradient.
-- @return { y = long[B], names = the class names, and what the head adds: scores, paths; of a model that
-- predicts sets also sets = lists of class names }
function Loaded:predict(x)
  local batch = batch_of(self, x)
  self.model:eval()
  return torch.no_grad(function()
    local prediction = self.model:predict(batch)
    prediction.names = {}
    for i, class in ipairs(prediction.y:totable()) do prediction.names[i] = self.labels[class + 1] or "(none)" end
    if prediction.set then -- of samples with several labels
      prediction.sets = {}
      for i, row in ipairs(prediction.set:totable()) do
        prediction.sets[i] = {}
        for k, there in ipairs(row) do if there then table.insert(prediction.sets[i], self.labels[k]) end end
      end
    end
    return prediction
  end)
end

--- Every choice on the decoded paths of some inputs, with its probability: prints as tables, one for each input; as data
-- lists of { node, choices = { { node, block, p, taken }, ... } }.
function Loaded:decisions(x)
  if not self.model.decisions then error(("decisions: run %s has no path_decoder as model"):format(self.id), 2) end
  self.model:eval()
  return require "report.decisions".printable(self.model:decisions(batch_of(self, x)))
end

--- The samples of the evaluated split whose decoded path holds a node: { node, traversals, det, nondet, right, agreement }.
-- @param options { marks = a file of lines "index,mark" } or nil
function Loaded:node_report(node, options)
  if not self.model.decisions then error(("node_report: run %s has no path_decoder as model"):format(self.id), 2) end
  return require "report.nodes".printable(self.made, node, options and options.marks)
end

function Loaded:__tostring() return ("run %s (%s)"):format(self.id, self.status) end

--- @param id the id of a run
-- @param options { checkpoint = "last" or "best", device = "cpu" }
-- Errors: no such run (with the nearest), one without a checkpoint.
return function(id, options)
  options = options or {}
  local run = host_run.open(options.store or runner.store(), id)
  local meta = run:meta()
  local overrides = { unpack(meta.overrides or {}) }
  if options.device then overrides[#overrides + 1] = "device=" .. options.device end
  local script = { name = meta.script, text = run:read "script.lua" }
  local result, mistakes = runner.evaluate(script, overrides, { base = true })
  if not result then error(("run %s: its script no longer evaluates:\n%s"):format(run:id(), mistakes), 0) end
  local made, mistake = runner.build(result, "load", meta.smoke) -- its weights are read: what building would train need not be
  if not made then error(("run %s: %s"):format(run:id(), mistake), 0) end
  local file = run:path() .. "/ckpt/" .. (options.checkpoint or "last") .. ".safetensors"
  if not require "host.system".stat(file) then
    error(("run %s (%s) has no checkpoint %s"):format(run:id(), run:status(), file), 0)
  end
  made.model.module:load_state_dict(require "checkpoint".load(file))
  return setmetatable({
    id = run:id(), status = run:status(), path = run:path(), config = run:config(), meta = meta, model = made.model,
    data = made.data, graph = made.data.graph, labels = made.data.class_names, device = made.device,
    made = made, metrics = run:metrics(), image = (made.data.sets or made.data.parts[1].sets).train:shape(),
  }, Loaded)
end
