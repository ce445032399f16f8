--- A mixture as an objective: its tasks in order, their weights, what is balanced. How a step goes: balanced_step.lua.
local accumulation = require "accumulation"
local host = require "host.balance"
local schema = require "schema"
local step = require "balanced_step"
local task_log = require "task_log"
local task_weight = require "task_weight"

local balanced = {}

local function trained(module)
  local list = {}
  for _, parameter in ipairs(module:parameters()) do
    if parameter.requires_grad then list[#list + 1] = parameter end
  end
  return list
end

local function named(iterator_of, module)
  local map = {}
  if iterator_of then for name, tensor in iterator_of(module) do map[name] = tensor end end
  return map
end

-- Numbers from 0 that are equal for the parameters of one layer: those whose names differ after the last dot.
local function layers_of(module, parameters)
  if not module or not module.named_parameters then return nil end
  local names, numbers, list, count = {}, {}, {}, 0
  for name, parameter in module:named_parameters() do names[parameter] = name:match "^(.*)%.[^.]*$" or "" end
  for i, parameter in ipairs(parameters) do
    local name = names[parameter]
    if not name then return nil end
    if not numbers[name] then numbers[name], count = count, count + 1 end
    list[i] = numbers[name]
  end
  return list
end

local function both(a, b)
  local all = { unpack(a) }
  for _, item in ipairs(b) do all[#all + 1] = item end
  return all
end

-- The tasks in their order, the main one first: { name, head, criterion, parameters, buffers }, and their weights.
local function tasks_of(o, model, context)
  local order, tasks, weights = { o.main }, {}, {}
  for name in schema.pairs(o.weights) do
    if name ~= o.main then order[#order + 1] = name end
  end
  for i, name in ipairs(order) do
    local weight, head = o.weights[name], model:head(name)
    if not head then
      error(("mixture: the model has no head '%s' (%s)"):format(name, table.concat(model.head_names, ", ")), 0)
    end
    local criterion
    if schema.is_node(weight) then
      local term = weight.args.terms[1]
      weight, criterion = term.weight, schema.build(term.term, context)
    end
    weights[i] = weight
    tasks[i] = { name = name, head = head, criterion = criterion, parameters = trained(head.module),
                 buffers = named(head.module.named_buffers, head.module) }
  end
  return order, tasks, weights
end

-- The last weight of the trunk that is a matrix or more: where GradNorm looks.
local function last_weight(parameters)
  for i = #parameters, 1, -1 do
    if parameters[i].ndim >= 2 then return parameters[i], i - 1 end
  end
end

-- Balances that never ask for the angle between two tasks' gradients: those products need not be formed for them.
local of_norms = { ["balance.metabalance"] = true, ["balance.gradnorm"] = true }

--- @param o the options of a mixture { main, weights, schedule, balance, scope }
-- @param context { model = a built trunk with heads, seed, device, steps }
function balanced.new(o, context)
  local model = context.model
  if #model.head_names == 0 then
    error("mixture: the model has one head; write trunk { ..., heads = { name = ... } }", 0)
  end
  local self = setmetatable({ batches = accumulation.new() }, step)
  local weights
  self.names, self.tasks, weights = tasks_of(o, model, context)
  self.weights = task_weight.new(self.names, weights, o.schedule, context)
  self.log = task_log.new(self.names, o.log)
  self.trunk, self.heads = model:parameters()
  for _, list in ipairs { "trunk", "heads" } do
    local kept = {}
    for _, parameter in ipairs(self[list]) do
      if parameter.requires_grad then kept[#kept + 1] = parameter end
    end
    self[list] = kept
  end
  self.all = both(self.trunk, self.heads)
  self.covers_heads = o.scope == "all"
  if o.balance then
    local over = self.covers_heads and self.all or self.trunk
    local built = schema.build(o.balance, { tasks = #self.names, names = self.names, parameters = over,
      layers = layers_of(model.module, over), seed = context.seed, device = context.device or "cpu" })
    self.mode = o.balance.args.mode
    self.repeats = self.mode == "two_pass" or self.mode == "stale"
    if built.replaces_optimizer then
      self.adam, self.covers_heads = built, true
    else
      self.balance = built
      self.combines = built.combine ~= nil and o.balance.kind ~= "balance.fixed"
      self.norms_alone = of_norms[o.balance.kind]
    end
    if (self.combines or built.needs_norms) and #over == 0 then
      error(schema.title(o.balance.kind) .. ": no parameter of the trunk is trained, so that the tasks share nothing "
        .. "to balance: leave balance out", 0)
    end
    for _, parameter in ipairs(built.parameters or {}) do
      for _, task in ipairs(self.tasks) do task.parameters[#task.parameters + 1] = parameter end
    end
    if built.needs_norms then self.last, self.last_place = last_weight(self.trunk) end
  end
  self.shared = self.covers_heads and self.all or self.trunk
  local owner = {}
  for i, task in ipairs(self.tasks) do
    for _, parameter in ipairs(task.parameters) do
      self.heads_share = self.heads_share or owner[parameter] ~= nil and owner[parameter] ~= i
      owner[parameter] = i
    end
  end
  return self
end

--- Which keys are logged (train.log): a list of patterns.
function step:logs(patterns) self.log = task_log.new(self.names, patterns) end

--- Parameters of the balance itself, for the optimizer.
function step:own_parameters() return self.balance and self.balance.parameters or {} end

return balanced
