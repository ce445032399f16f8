--- Evaluation of a model on one split: predictions batch by batch, metrics by name, nothing trained.
local adopt = require "host.tensor".adopt
local course = require "course"
local schema = require "schema"
local nearest = require "language.nearest"

local evaluate = {}

-- "binary.top1" -> "binary", "top1"; "top1" -> nil, "top1"
local function parts(entry)
  local head, name = entry:match "^([^.]+)%.([^.]+)$"
  return head, name or entry
end

-- A metric that cannot be had by its name alone: the option that it needs.
local function needs(constructor)
  for _, field in ipairs(constructor.fields) do
    if field.default == schema.required then return field end
  end
end

--- What is wrong with a list of metrics for a model with these heads ({} for a single one), or nil.
function evaluate.problem(list, heads)
  for _, entry in ipairs(list) do
    if course.is(entry) then
      local problem = evaluate.problem({ entry.args.metric }, heads)
      if problem then return problem end
    elseif type(entry) == "string" then
      local head, name = parts(entry)
      local constructor = schema.find("metric." .. name)
      if not constructor then
        local known = schema.names "metric"
        return ("unknown metric '%s'%s (%s)"):format(name, nearest.did_you_mean(name, known), table.concat(known, ", "))
      end
      local needed = needs(constructor)
      if needed then
        return ("metric '%s' needs its %s: write %s { %s }"):format(name, needed.name, name,
          needed.at == 1 and "\"top1\"" or needed.name .. " = ...")
      end
      local there = head == nil
      for _, candidate in ipairs(heads) do there = there or candidate == head end
      if not there then
        return ("metric '%s': the model has no head '%s'%s"):format(entry, head, nearest.did_you_mean(head, heads))
      end
    end
  end
end

-- What does not fit the data (a tree without their classes) is said where the metric stands in the script.
local function built(node, context)
  local done, made = pcall(schema.build, node, context)
  if done then return made end
  if type(made) == "string" and node.position then made = { position = node.position, message = made } end
  error(made, 0)
end

--- The metrics of a list such as { "top1", "binary.top1", ece { bins = 10 } } for a model's heads.
-- A name without a head means every head where the model has several.
-- Metrics of a whole training (best, auac, ...) are not among them: they are read off others, which are measured for
-- them where the list does not have them.
-- @param context what the metrics are told when they are built: { classes = number of classes, class_names }
-- @return list of { key = "[head.]name", head = name or nil, metric = object }, and the list of those of a whole
-- training, { key = of the metric that they are read off, metric = object (see course.lua) }
function evaluate.metrics(list, heads, context)
  local problem = evaluate.problem(list, heads)
  if problem then error(problem, 0) end
  local found, of_training, by_key = {}, {}, {}
  local function add(head, name, node, keys)
    local metric = built(node, context)
    metric:reset()
    name = metric.name or name
    local key = head and head .. "." .. name or name
    keys[#keys + 1] = key
    if keys.unless_measured and by_key[key] then return end
    by_key[key] = true
    found[#found + 1] = { key = key, head = head, metric = metric }
  end
  local function measure(entry, keys)
    local head, name, node
    if type(entry) == "string" then
      head, name = parts(entry)
      node = schema.find("metric." .. name) {}
    else
      name, node = entry.kind:match "([^.]+)$", entry
    end
    if head or #heads == 0 then
      add(head, name, node, keys)
    else
      for _, candidate in ipairs(heads) do add(candidate, name, node, keys) end
    end
    return keys
  end
  for _, entry in ipairs(list) do
    if not course.is(entry) then measure(entry, {}) end
  end
  for _, entry in ipairs(list) do
    if course.is(entry) then
      local metric = schema.build(entry, context)
      for _, key in ipairs(measure(metric.metric, { unless_measured = true })) do
        of_training[#of_training + 1] = { key = key, metric = metric }
      end
    end
  end
  return found, of_training
end

--- Runs the model over a loader.
-- @param loader an iterable of batches: loader:each(epoch) gives an iterator
-- @param metrics what evaluate.metrics gave
-- @param prefix the split, "test" or "pets.val": put before each key; a model of several datasets then answers with the
-- classes of that one
-- A metric may also have begin(head), called first with the head it is about, and more() -> list of { name, value }.
-- @return list of { key, value } in the order of the metrics, and the number of samples
function evaluate.run(model, loader, metrics, prefix, each)
  local samples = 0
  if prefix and model.evaluate_on then model:evaluate_on(prefix) end
  for _, entry in ipairs(metrics) do
    entry.metric:reset()
    if entry.metric.begin then entry.metric:begin(model.head and model:head(entry.head)) end
  end
  model:eval()
  torch.no_grad(function()
    for batch in loader:each(0) do
      scope(function()
        adopt(batch)
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
  local split = prefix and prefix .. "." or ""
  for _, entry in ipairs(metrics) do
    values[#values + 1] = { split .. entry.key, entry.metric:value() }
    local head = entry.head and entry.head .. "." or ""
    for _, pair in ipairs(entry.metric.more and entry.metric:more() or {}) do
      values[#values + 1] = { split .. head .. pair[1], pair[2] }
    end
  end
  return values, samples
end

return evaluate
