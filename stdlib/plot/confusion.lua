local numbers = require "plot_numbers"
local plotting = require "plotting"
local predictions = require "predictions"
local schema = require "schema"

-- Lists of classes, and their names, from options or a model.
local function given(o, source)
  if o.y == nil and o.predicted == nil then
    if not source then plotting.without_source("plot.confusion", "give y = ... and predicted = ...") end
    return predictions.of(source:model "plot.confusion", { head = o.head, split = o.split })
  end
  if o.y == nil or o.predicted == nil then error("plot.confusion: give both y and predicted", 0) end
  local y, predicted = numbers.list(o.y, "plot.confusion: y"), numbers.list(o.predicted, "plot.confusion: predicted")
  if #y ~= #predicted then error(("plot.confusion: y has %d classes, predicted %d"):format(#y, #predicted), 0) end
  return { y = y, predicted = predicted, names = o.labels or {} }
end

-- The classes that occur, in their order; -1, which is none, last.
local function occurring(found)
  local seen, classes = {}, {}
  for _, list in ipairs { found.y, found.predicted } do
    for _, class in ipairs(list) do
      if not seen[class] then
        seen[class] = true
        classes[#classes + 1] = class
      end
    end
  end
  table.sort(classes, function(a, b) return (a < 0 and math.huge or a) < (b < 0 and math.huge or b) end)
  return classes
end

--- Which classes are taken for which: a row for each true class, a column for each predicted one, numbers of samples or
-- their share of the true class.
-- @usage plot.confusion { y = torch.tensor { 0, 1, 1 }, predicted = torch.tensor { 0, 1, 0 }, labels = { "cat", "dog" } }
return plotting.declare("plot.confusion", {
  { "y", "any", schema.optional, "true classes [N], from 0; those of a run's evaluation where absent" },
  { "predicted", "any", schema.optional, "predicted classes [N]" },
  { "labels", "list of string", schema.optional, "names of the classes" },
  { "share", "boolean", false, "shares of the samples of a true class in place of their number" },
  { "head", "string", schema.optional, "which head of several; that of the main metric where absent" },
  { "split", "string", schema.optional, "which data; the first of eval.on where absent" },
}, function(o, source)
  local found = given(o, source)
  local classes, place, rows, right = occurring(found), {}, {}, 0
  if #classes == 0 then error("plot.confusion: no samples", 0) end
  local names = {}
  for i, class in ipairs(classes) do
    place[class], rows[i] = i, {}
    names[i] = class < 0 and "(none)" or found.names[class + 1] or tostring(class)
    for k = 1, #classes do rows[i][k] = 0 end
  end
  for i, class in ipairs(found.y) do
    local row, column = rows[place[class]], place[found.predicted[i]]
    row[column] = row[column] + 1
    if class == found.predicted[i] then right = right + 1 end
  end
  if o.share then
    for _, row in ipairs(rows) do
      local sum = 0
      for _, count in ipairs(row) do sum = sum + count end
      for k, count in ipairs(row) do row[k] = count / sum end
    end
  end
  return { kind = "heat", title = source and source.title .. ": confusion", rows = names, columns = names, values = numbers.flat(rows),
           label = o.share and "share of the true class" or "samples", row_label = "true class",
           column_label = "predicted class", low = 0,
           subtitle = ("%s%d sample%s, %.1f %% right"):format(found.split and found.split .. ", " or "", #found.y,
             #found.y == 1 and "" or "s", 100 * right / #found.y) }
end, {
  ready = function(o, made)
    local problem = predictions.problem(made, o.head)
    return problem and "plot.confusion: " .. problem
  end,
})
