--- Evaluation of a model on one split: predictions batch by batch, metrics by name, nothing trained.
local schema = require "schema"
local nearest = require "language.nearest"

local evaluate = {}

-- "binary.top1" -> "binary", "top1"; "top1" -> nil, "top1"
local function parts(entry)
  local head, name = entry:match "^([^.]+)%.([^.]+)$"
  return head, name or entry
end

--- What is wrong with a list of metrics for a model with these heads ({} for a single one), or nil.
function evaluate.problem(list, heads)
  for _, entry in ipairs(list) do
    if type(entry) == "string" then
      local head, name = parts(entry)
      if not schema.find("metric." .. name) then
        local known = schema.names "metric"
        return ("unknown metric '%s'%s (%s)"):format(name, nearest.did_you_mean(name, known), table.concat(known, ", "))
      end
      local there = head == nil
      for _, candidate in ipairs(heads) do there = there or candidate == head end
      if not there then
        return ("metric '%s': the model has no head '%s'%s"):format(entry, head, nearest.did_you_mean(head, heads))
      end
    end
  end
end

--- The metrics of a list such as { "top1", "binary.top1", ece { bins = 10 } } for a model's heads.
-- A name without a head means every head where the model has several.
-- @param context what the metrics are told when they are built: { classes = number of classes }
-- @return list of { key = "[head.]name", head = name or nil, metric = object }
function evaluate.metrics(list, heads, context)
  local problem = evaluate.problem(list, heads)
  if problem then error(problem, 0) end
  local found = {}
  local function add(head, name, node)
    local metric = schema.build(node, context)
    metric:reset()
    name = metric.name or name
    found[#found + 1] = { key = head and head .. "." .. name or name, head = head, metric = metric }
  end
  for _, entry in ipairs(list) do
    local head, name, node
    if type(entry) == "string" then
      head, name = parts(entry)
      node = schema.find("metric." .. name) {}
    else
      name, node = entry.kind:match "([^.]+)$", entry
    end
    if head or #heads == 0 then
      add(head, name, node)
    else
      for _, candidate in ipairs(heads) do add(candidate, name, node) end
    end
  end
  return found
end

--- Runs the model over a loader.
-- @param loader an iterable of batches: loader:each(epoch) gives an iterator
-- @param metrics what evaluate.metrics gave
-- @param prefix the split, "test" or "pets.val": put before each key; a model of several datasets then answers with the
-- classes of that one
-- @return list of { key, value } in the order of the metrics, and the number of samples
function evaluate.run(model, loader, metrics, prefix, each)
  local samples = 0
  if prefix and model.evaluate_on then model:evaluate_on(prefix) end
  for _, entry in ipairs(metrics) do entry.metric:reset() end
  model:eval()
  torch.no_grad(function()
    for batch in loader:each(0) do
      scope(function()
        local prediction = model:predict(batch)
        for _, entry in ipairs(metrics) do
          entry.metric:add(entry.head and prediction.heads[entry.head] or prediction, batch)
        end
        samples = samples + #batch.y
        if each then each(prediction, batch) end
      end)
    end
  end)
  model:train()
  local values = {}
  for i, entry in ipairs(metrics) do
    values[i] = { (prefix and prefix .. "." or "") .. entry.key, entry.metric:value() }
  end
  return values, samples
end

return evaluate
