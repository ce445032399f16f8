--- Precision, recall and F1 of each class: artifacts/per_class.txt, and as numbers per_class.json.
local metric = require "host.metric"
local predictions = require "predictions"
local report_files = require "report_files"
local tabulate = require "tabulate"

local report = { of_any_model = true }

local Report = {}

local function cells(name, precision, recall, f1, support)
  return { name, ("%.3f"):format(precision), ("%.3f"):format(recall), ("%.3f"):format(f1), support }
end

function Report:__tostring()
  local rows = {}
  for i, name in ipairs(self.classes) do
    rows[i] = cells(name, self.precision[i], self.recall[i], self.f1[i], self.support[i])
  end
  for _, kind in ipairs { "macro", "weighted" } do
    local mean = self[kind]
    rows[#rows + 1] = cells(kind .. " mean", mean.precision, mean.recall, mean.f1, self.samples)
  end
  return tabulate.text({ "class", "precision", "recall", "F1", "support" }, rows)
    .. ("\n\naccuracy %.4f of %d samples"):format(self.accuracy, self.samples)
end

-- Means over the classes, each counting as much as the other or as much as it has samples.
local function means(found)
  local macro, weighted = { precision = 0, recall = 0, f1 = 0 }, { precision = 0, recall = 0, f1 = 0 }
  for i = 1, #found.classes do
    for key, sum in pairs(macro) do
      macro[key] = sum + found[key][i] / #found.classes
      weighted[key] = weighted[key] + found[key][i] * found.support[i] / found.samples
    end
  end
  return macro, weighted
end

--- The report of some samples.
-- @param y, predicted lists (or long tensors [N]) of classes from 0; -1 among the predicted ones is none
-- @param names of the classes; those that are neither true nor predicted anywhere are left out
-- @return { classes = names, precision, recall, f1, support, predicted: lists, macro, weighted = { precision, recall,
--   f1 }, accuracy, samples }, which prints as a table. Where nothing can be divided by (a class that is never
--   predicted) the number is 0.
function report.of(y, predicted, names)
  y, predicted = torch.tensor(y, { dtype = "int64" }), torch.tensor(predicted, { dtype = "int64" })
  local all = metric.class_report(y, predicted, #names)
  local found = { classes = {}, precision = {}, recall = {}, f1 = {}, support = {}, predicted = {}, samples = #y }
  for i, name in ipairs(names) do
    if all.support[i] + all.predicted[i] > 0 then
      local n = #found.classes + 1
      found.classes[n] = name
      for _, key in ipairs { "precision", "recall", "f1", "support", "predicted" } do found[key][n] = all[key][i] end
    end
  end
  found.macro, found.weighted = means(found)
  found.accuracy = y:eq(predicted):double():mean():item()
  return setmetatable(found, Report)
end

function report.write(made, run)
  local found = predictions.of(made)
  local made_report = report.of(found.y, found.predicted, found.names)
  report_files(run, "per_class", tostring(made_report), setmetatable(made_report, nil))
end

return report
