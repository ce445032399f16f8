--- Weights of classes in a loss: given, or "balanced" by how often each occurs in the training data.
local class_weights = {}

--- The option of a loss or a head; absent: all classes count the same.
function class_weights.field(optional)
  return { "class_weights", "one of balanced or list of number >= 0", optional,
           "a factor on the loss of each class; balanced: samples / (classes * samples of the class)" }
end

--- How many training samples each class has, a list; nil where the data are not known.
function class_weights.counts(data)
  if not data then return nil end
  if not data.parts then return data.sets.train:counts() end
  local counts = {}
  for i = 1, data.classes do counts[i] = 0 end
  for i, part in ipairs(data.parts) do -- labels of a join are nodes of its graph, from 0
    local nodes = data.targets[i]
    for class, count in ipairs(part.sets.train:counts()) do
      local at = (nodes and nodes[class] or class - 1) + 1
      counts[at] = counts[at] + count
    end
  end
  return counts
end

--- n / (K n_c), as scikit-learn weighs; K are the classes that occur. One that never does counts 0.
function class_weights.balanced(counts)
  local all, present, weights = 0, 0, {}
  for _, count in ipairs(counts) do all, present = all + count, present + (count > 0 and 1 or 0) end
  for i, count in ipairs(counts) do weights[i] = count > 0 and all / (present * count) or 0 end
  return weights
end

--- What an option says, for one kind of outputs: a function(outputs [B, K]) -> weights [K] as they are, on their device;
-- nil where the option is absent.
-- @param context of the builder: data, classes
-- Errors: a number of weights that is not that of the classes, no positive one, "balanced" without data.
function class_weights.of(option, context, kind)
  if not option then return nil end
  local list, classes = option, context and context.classes
  if option == "balanced" then
    local counts = class_weights.counts(context and context.data)
    if not counts then error(kind .. ": class_weights = \"balanced\" counts the training data of an experiment", 0) end
    list = class_weights.balanced(counts)
  end
  if classes and #list ~= classes then
    error(("%s: class_weights has %d numbers for %d classes"):format(kind, #list, classes), 0)
  end
  local any = false
  for _, weight in ipairs(list) do any = any or weight > 0 end
  if not any then error(kind .. ": all of class_weights are 0, nothing would be learnt", 0) end
  local first, made = torch.tensor(list, { dtype = "float64" }), {}
  return function(outputs)
    if outputs:size(1) ~= #list then
      error(("%s: class_weights has %d numbers for %d outputs"):format(kind, #list, outputs:size(1)), 0)
    end
    local key = tostring(outputs.device) .. tostring(outputs.dtype)
    made[key] = made[key] or keep(first:to { device = outputs.device, dtype = outputs.dtype })
    return made[key]
  end
end

return class_weights
