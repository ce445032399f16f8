--- Evaluation of a model on one split: predictions batch by batch, metrics by name, nothing trained.
local schema = require "schema"
local nearest = require "language.nearest"

local evaluate = {}

--- The metrics of a list such as { "top1", "binary.top1", ece { bins = 10 } } for a model's heads.
-- A name without a head means every head that gives it where the model has several.
-- @return list of { key = "[head.]name", head = name or nil, metric = object }
function evaluate.metrics(list, heads)
  local found = {}
  local function add(head, name, node)
    local metric = schema.build(node)
    metric:reset()
    found[#found + 1] = { key = head and head .. "." .. name or name, head = head, metric = metric }
  end
  for _, entry in ipairs(list) do
    local head, name, node = nil, nil, nil
    if type(entry) == "string" then
      head, name = entry:match "^([^.]+)%.([^.]+)$"
      name = name or entry
      node = evaluate.constructor(name) {}
    else
      name, node = entry.kind:match "([^.]+)$", entry
    end
    if #heads == 0 then
      add(nil, name, node)
    elseif head then
      local known = false
      for _, candidate in ipairs(heads) do known = known or candidate == head end
      if not known then
        error(("metric '%s': the model has no head '%s'%s (heads: %s)")
          :format(entry, head, nearest.did_you_mean(head, heads), table.concat(heads, ", ")), 0)
      end
      add(head, name, node)
    else
      for _, candidate in ipairs(heads) do add(candidate, name, node) end
    end
  end
  return found
end

--- The constructor metric.NAME; an unknown name is an error with the nearest one.
function evaluate.constructor(name)
  local found = schema.find and schema.find("metric." .. name)
  if found then return found end
  local ok, constructor = pcall(require, "metric." .. name)
  if ok then return constructor end
  local known = {}
  for _, full in ipairs(schema.names "metric") do known[#known + 1] = full:match "([^.]+)$" end
  error(("unknown metric '%s'%s (%s)"):format(name, nearest.did_you_mean(name, known), table.concat(known, ", ")), 0)
end

--- Runs the model over a loader.
-- @param loader an iterable of batches: loader:each(epoch) gives an iterator
-- @param metrics what evaluate.metrics gave
-- @param prefix "test", "val": put before each key
-- @return list of { key, value } in the order of the metrics, and the number of samples
function evaluate.run(model, loader, metrics, prefix, each)
  local samples = 0
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
