--- What a trained model says of a split, sample by sample: the numbers behind confusion and reliability, and the mean
-- output of each class.
local evaluate = require "evaluate"
local nearest = require "language.nearest"

local predictions = {}

-- The name of the head that is asked: the one given, else the experiment's main metric's, else the first; nil where there
-- is only one.
local function head_of(made, name)
  local names = made.model.head_names or {}
  if #names == 0 then
    if name then error(("the model has one head only: leave out head = \"%s\""):format(name), 0) end
    return nil
  end
  if not name then
    local main = made.o.eval.main and made.o.eval.main:match "^([^.]+)%."
    return main or names[1]
  end
  for _, known in ipairs(names) do
    if known == name then return name end
  end
  error(("the model has no head '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names), table.concat(names, ", ")), 0)
end

--- What is wrong with asking a model's head of this name, or nil.
function predictions.problem(made, name)
  local fine, problem = pcall(head_of, made, name)
  return not fine and problem or nil
end

local function loader_of(made, split)
  if made.loaders[split] then return made.loaders[split] end
  local known = {}
  for name in pairs(made.loaders) do known[#known + 1] = name end
  table.sort(known)
  error(("no split '%s'%s (%s)"):format(split, nearest.did_you_mean(split, known), table.concat(known, ", ")), 0)
end

local function append(list, tensor)
  for _, value in ipairs(tensor:to "cpu":totable()) do list[#list + 1] = value end
end

--- Runs the model over a split once; asked again it remembers.
-- @param made what trial.assemble gave, with the weights of interest
-- @param options { split = the first of eval.on, head = name }
-- @return { y, predicted: lists of classes from 0 (-1: none), confidence: list or nil where the head gives no
--   probabilities, names = of the classes, split, head, object = the head or nil,
--   centroids = { sums [K, D], counts [K] } or nil }
function predictions.of(made, options)
  options = options or {}
  local split, name = options.split or made.final[1], head_of(made, options.head)
  made.predictions = made.predictions or {}
  local key = split .. "\n" .. (name or "")
  if made.predictions[key] then return made.predictions[key] end
  local found = { y = {}, predicted = {}, confidence = {}, names = made.data.class_names, split = split, head = name,
                  object = made.model.head and made.model:head(name) or nil }
  local sums, counts
  evaluate.run(made.model, loader_of(made, split), {}, split, function(prediction, batch)
    if batch.y.ndim ~= 1 then error("samples that have several labels each have no single true class", 0) end
    local answer = name and prediction.heads[name] or prediction
    append(found.y, batch.y)
    append(found.predicted, answer.y)
    if answer.scores then append(found.confidence, (answer.scores:amax(1))) end
    local outputs = answer.outputs
    if torch.is_tensor(outputs) and outputs.ndim == 2 then
      sums = sums or keep(torch.zeros(#found.names, outputs:size(1), { dtype = "float64" }))
      counts = counts or keep(torch.zeros(#found.names, { dtype = "float64" }))
      local y = batch.y:to "cpu"
      sums:index_add_(0, y, outputs:detach():to("cpu", "float64"))
      counts:index_add_(0, y, torch.ones_like(y):double())
    end
  end)
  if #found.y == 0 then error(("split '%s' has no samples"):format(split), 0) end
  if #found.confidence == 0 then found.confidence = nil end
  if sums then found.centroids = { sums = sums, counts = counts } end
  made.predictions[key] = found
  return found
end

return predictions
