--- The probability from which on a class belongs to a predicted set, chosen on data that are neither trained nor
-- tested on.
local label_rows = require "label_rows"

local threshold = {}

--- For each evaluated split the held-out training data of its dataset: "pets.val" for "pets.test". Raises where a
-- dataset holds none out.
function threshold.splits(data, splits)
  local found = {}
  for i, split in ipairs(splits) do
    local part = data.evaluated and data:evaluated(split) or data
    if not part.sets.val then
      error(("eval.threshold = \"tune\" needs held-out training data: give %s a val, such as val = 0.1"):format(
        part.name), 0)
    end
    if split:match "[^.]*$" == "val" then
      error(("the threshold would be tuned on '%s', where it is evaluated; evaluate \"test\", or give a number"):format(
        split), 0)
    end
    found[i] = data.parts and part.name .. ".val" or "val"
  end
  return found
end

--- The threshold with the largest micro F1 over all (sample, class) decisions: halfway between two probabilities that
-- occur, the largest of equal ones.
-- @param probability float[M], @param truth bool[M]: is it a label of its sample?
-- @return the threshold and its F1
function threshold.best(probability, truth)
  local p, order = probability:double():sort(0, true)
  local hits = truth:index_select(0, order):double():cumsum(0)
  local total = truth:sum():item()
  local f1 = hits * 2 / (torch.arange(1, p:size(0) + 1, { dtype = "float64", device = p.device }) + total)
  -- a cut between equal probabilities does not exist
  local next_p = torch.cat { p[{ { 1, p:size(0) } }], torch.zeros(1, { dtype = "float64", device = p.device }) - 1 }
  f1 = f1:masked_fill(next_p:eq(p), -1)
  local at = f1:argmax(0):item()
  local value = (p[at]:item() + math.max(next_p[at]:item(), 0)) / 2
  return value, f1[at]:item()
end

--- Tunes a model's threshold on a split and sets it.
-- @return the threshold
function threshold.tune(model, loader, split)
  if model.evaluate_on then model:evaluate_on(split) end
  local scores, truths = {}, {}
  model:eval()
  torch.no_grad(function()
    for batch in loader:each(0) do
      scope(function()
        local prediction = model:predict(batch)
        if not prediction.probability then
          error("eval.threshold: the model predicts no sets; write decode = \"path_set\" for a path_decoder, or "
            .. "head.label_set", 0)
        end
        local classes = prediction.classes:to(prediction.probability.device)
        local truth = label_rows.indicator(batch.y, prediction.probability:size(1)):index_select(1, classes)
        scores[#scores + 1] = keep(prediction.probability:index_select(1, classes):flatten())
        truths[#truths + 1] = keep(truth:flatten())
      end)
    end
  end)
  model:train()
  local best = threshold.best(torch.cat(scores), torch.cat(truths))
  model:set_threshold(best)
  return best
end

return threshold
