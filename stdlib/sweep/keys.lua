--- Which metric keys the trials of a sweep will have, as far as their configuration tells: so that a wrong name in
-- asha, tpe or a table is told before anything is trained.
local layout = require "sweep.layout"
local nearest = require "language.nearest"
local order = require "language.order"
local schema = require "schema"

local keys = {}

local function listed(value) return type(value) == "table" and value or { value } end

-- The names of eval.metrics under the heads of the model; true where a metric may have names of its own.
local function names_of(experiment)
  local args, names, open = experiment.args, {}, false
  local heads = args.model.kind ~= "path_decoder" and args.model.args.heads and schema.keys(args.model.args.heads) or {}
  for _, entry in ipairs(args.eval.metrics) do
    if type(entry) ~= "string" then
      open = true
    elseif entry:find(".", 1, true) or #heads == 0 then
      names[#names + 1] = entry
    else
      for _, head in ipairs(heads) do names[#names + 1] = head .. "." .. entry end
    end
  end
  return names, open
end

local function under(splits, names)
  local found = {}
  for _, split in ipairs(splits) do
    for _, name in ipairs(names) do found[#found + 1] = split .. "." .. name end
  end
  return found
end

--- The keys that a trial has values of: { list, open = may there be others? }
function keys.of(result)
  local eval = result.node.args.eval
  local names, open = names_of(result.node)
  local found, seen = {}, {}
  for _, list in ipairs { under(listed(eval.on), names), under(eval.during, names), { "train.loss" } } do
    for _, key in ipairs(list) do
      if not seen[key] then found[#found + 1] = key end
      seen[key] = true
    end
  end
  return { list = found, open = open }
end

--- The keys that a trial measures while it trains, and after every how many epochs.
function keys.readings(result)
  local eval = result.node.args.eval
  local names, open = names_of(result.node)
  return { list = under(eval.during, names), open = open, every = eval.every == "epoch" and 1 or eval.every or 1 }
end

--- The epochs of a trial, or nil where its steps end it.
function keys.epochs(result)
  local train = result.node.args.train
  return train.epochs or not train.steps and 10 or nil
end

local function has(known, key)
  if known.open then return true end
  for _, candidate in ipairs(known.list) do
    if candidate == key then return true end
  end
  return false
end

local function unknown(known, key)
  return ("'%s'%s (%s)"):format(key, nearest.did_you_mean(key, known.list), table.concat(known.list, ", "))
end

-- What asha needs of every trial.
local function check_prune(plan, site)
  local node = plan.args.prune
  local metric = node.args.metric
  for _, trial in ipairs(plan.trials) do
    local known = trial.readings
    if not has(known, metric) then
      if #known.list == 0 then
        return site.fail(node.position, ("asha: nothing is measured while '%s' trains: write eval = { during = "
          .. "{ \"val\" } }"):format(trial.label))
      end
      return site.fail(node.position, ("asha: '%s' does not measure %s"):format(trial.label, unknown(known, metric)))
    end
    if not trial.epochs then
      return site.fail(node.position, ("asha: '%s' is trained for a number of steps; rungs are epochs: train = "
        .. "{ epochs = ... }"):format(trial.label))
    end
    for _, rung in ipairs(keys.rungs(plan)) do
      if rung < trial.epochs and rung % known.every ~= 0 then
        return site.fail(node.position, ("asha: '%s' is evaluated every %d epochs, so it has no %s at epoch %d"):format(
          trial.label, known.every, metric, rung))
      end
    end
  end
  if #plan.trials > 0 and #keys.rungs(plan) == 0 then
    site.fail(node.position, ("asha: the first rung, epoch %d, is not before the end of any trial"):format(
      node.args.min))
  end
end

--- The epochs at which asha decides: min, min * eta, ... as long as some trial goes on.
function keys.rungs(plan)
  local rungs, most = {}, 0
  for _, trial in ipairs(plan.trials) do most = math.max(most, trial.epochs or 0) end
  local rung = plan.prune and plan.prune.min or math.huge
  while rung < most do
    rungs[#rungs + 1] = rung
    rung = rung * plan.prune.eta
  end
  return rungs
end

local function check_metric(plan, site, position, what, metric)
  for _, trial in ipairs(plan.trials) do
    if not has(trial.keys, metric) then
      return site.fail(position, ("%s: no trial measures %s"):format(what, unknown(trial.keys, metric)))
    end
  end
end

-- Options of plots that name a parameter, or a metric.
local of_params, of_metrics = { "color", "facet", "parameter", "by", "rows", "columns" }, { "y", "metric" }

local function check_plot(plan, site, node)
  local params = plan.cells[1] and plan.cells[1].params or {}
  for _, field in ipairs(of_params) do
    local name = node.args[field]
    if type(name) == "string" and params[name] == nil then
      local names = {}
      for key in pairs(params) do names[#names + 1] = key end
      table.sort(names)
      return site.fail(node.position, ("%s: %s: the trials have no parameter '%s'%s"):format(node.kind, field, name,
        nearest.or_all(name, names)))
    end
  end
  for _, field in ipairs(of_metrics) do
    local metric = node.args[field]
    if type(metric) == "string" then check_metric(plan, site, node.position, node.kind, metric) end
  end
end

--- Reports metrics and parameters that trials do not have. Called within the evaluation of the sweep.
function keys.check(plan)
  local site = require "language.site"
  if plan.prune and #plan.trials > 0 then check_prune(plan, site) end
  if plan.search and plan.search.adaptive then
    check_metric(plan, site, plan.args.search.position, "tpe", plan.search.metric)
  end
  for _, node in ipairs(plan.args.report) do
    if node.kind == "tabulate" then
      local cell = node.args.cell
      check_metric(plan, site, node.position, "tabulate", type(cell) == "string" and cell or cell.args.metric)
      local problem = layout.problem(plan, node.args)
      if problem then site.fail(node.position, "tabulate: " .. problem) end
    end
  end
  for _, node in ipairs(plan.args.report) do
    if node.kind:match "^plot%." and #plan.cells > 0 then check_plot(plan, site, node) end
  end
  for _, metric in ipairs(plan.args.metrics or {}) do
    check_metric(plan, site, order.key_position(plan.result.node.args, "metrics"), "metrics", metric)
  end
end

return keys
