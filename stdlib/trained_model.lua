--- What a trained model answers: predict(x) on new inputs, decisions(x), node_report(node). load_run(id) and, at the prompt,
-- run(e) give objects of this class with model, data, labels, device, image (the shape of one), made and id.
local encoder = require "encoder"

local Trained = {}
Trained.__index = Trained

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
function Trained:predict(x)
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
function Trained:decisions(x)
  if not self.model.decisions then error(("decisions: run %s has no path_decoder as model"):format(self.id), 2) end
  self.model:eval()
  return require "report.decisions".printable(self.model:decisions(batch_of(self, x)))
end

--- The samples of the evaluated split whose decoded path holds a node: { node, traversals, det, nondet, right, agreement }.
-- @param options { marks = a file of lines "index,mark" } or nil
function Trained:node_report(node, options)
  if not self.model.decisions then error(("node_report: run %s has no path_decoder as model"):format(self.id), 2) end
  return require "report.nodes".printable(self.made, node, options and options.marks)
end

return Trained
