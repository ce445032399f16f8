--- What all optimizers share: groups of parameters, learning rates by schedule, state by parameter, steps of one group.
--
-- optimizer.new(rule, groups, schedule, total) -> object
--   rule      { start = function(parameter) -> { name = tensor }, step = function(parameters, grads, states, options, group) }
--             start makes the state of one parameter when it first has a gradient; step updates a list of them at once
--             (one _foreach_ or _fused_ call, no loop over elements)
--   groups    list of { name, parameters = { ... }, options = { lr = ..., ... } }
--   schedule  nil, or an object with factor(step, total) -> number that multiplies every group's lr
--   total     steps of the whole run, for schedules that need it (or nil)
--
-- The object: step([group name]), zero_grad(), groups (each with .lr, the current rate), steps, state_dict(),
-- load_state_dict(t).
local optimizer = {}

local Optimizer = {}
Optimizer.__index = Optimizer

function optimizer.new(rule, groups, schedule, total)
  local self = setmetatable({ rule = rule, groups = groups, schedule = schedule, total = total, steps = 0, states = {} }, Optimizer)
  local seen = {}
  for _, group in ipairs(groups) do
    for _, parameter in ipairs(group.parameters) do
      if seen[parameter] then error("optim: a parameter stands in two groups", 0) end
      seen[parameter] = true
    end
    group.base_lr, group.lr, group.steps = group.options.lr, group.options.lr, 0
  end
  self:set_rates()
  return self
end

--- Rates for the step to come.
function Optimizer:set_rates()
  local factor = self.schedule and self.schedule.factor(self.steps, self.total) or 1
  for _, group in ipairs(self.groups) do group.lr = group.base_lr * factor end
end

local function step_group(self, group)
  local parameters, grads, states = {}, {}, {}
  for _, parameter in ipairs(group.parameters) do
    local grad = parameter.grad
    if grad then
      local state = self.states[parameter]
      if not state then
        state = self.rule.start(parameter)
        keep(state) -- it outlives the step's scope
        self.states[parameter] = state
      end
      local n = #parameters + 1
      parameters[n], grads[n], states[n] = parameter, grad, state
    end
  end
  group.steps = group.steps + 1
  if #parameters > 0 then self.rule.step(parameters, grads, states, group.options, group) end
end

--- Updates every group, or the one of this name. The schedule moves on once every group has stepped.
function Optimizer:step(name)
  torch.no_grad(function()
    local found = name == nil
    for _, group in ipairs(self.groups) do
      if name == nil or group.name == name then
        step_group(self, group)
        found = true
      end
    end
    if not found then error("optim: no group '" .. name .. "'", 0) end
  end)
  local least = math.huge
  for _, group in ipairs(self.groups) do
    if #group.parameters > 0 then least = math.min(least, group.steps) end
  end
  if least < math.huge and least > self.steps then
    self.steps = least
    self:set_rates()
  end
end

--- Gradients are dropped, so that a parameter without one is left alone by the next step.
function Optimizer:zero_grad()
  for _, group in ipairs(self.groups) do
    for _, parameter in ipairs(group.parameters) do parameter.grad = nil end
  end
end

--- { steps, groups = { { steps, lr }, ... }, state = { ["group.index.name"] = tensor } }: plain numbers and tensors.
function Optimizer:state_dict()
  local out = { steps = self.steps, groups = {}, state = {} }
  for g, group in ipairs(self.groups) do
    out.groups[g] = { steps = group.steps, lr = group.base_lr }
    for i, parameter in ipairs(group.parameters) do
      for key, tensor in pairs(self.states[parameter] or {}) do out.state[("%d.%d.%s"):format(g - 1, i - 1, key)] = tensor end
    end
  end
  return out
end

function Optimizer:load_state_dict(dict)
  if #dict.groups ~= #self.groups then
    error(("optim: the state has %d groups, this optimizer %d"):format(#dict.groups, #self.groups), 2)
  end
  self.steps = dict.steps
  for g, group in ipairs(self.groups) do
    group.steps, group.base_lr = dict.groups[g].steps, dict.groups[g].lr
    for i, parameter in ipairs(group.parameters) do
      local state
      local prefix = ("%d.%d."):format(g - 1, i - 1)
      for key, tensor in pairs(dict.state) do
        if key:sub(1, #prefix) == prefix then
          state = state or {}
          state[key:sub(#prefix + 1)] = tensor:to(parameter.device):clone()
        end
      end
      if state then keep(state) end
      self.states[parameter] = state
    end
  end
  self:set_rates()
end

--- Picks one tensor of every state: the list that a _foreach_ or _fused_ operator takes.
function optimizer.column(states, key)
  local list = {}
  for i, state in ipairs(states) do list[i] = state[key] end
  return list
end

local schema = require "schema"

--- Fields that every optimizer has, after its own.
function optimizer.fields(own)
  own[#own + 1] = { "schedule", "node optim", schema.optional, "how the learning rate changes: cosine {}, step {}, ..." }
  own[#own + 1] = { "heads", "map of number", schema.optional, "options that differ for the heads' parameters, such as { lr = 1e-2 }" }
  return own
end

--- Builds from a node's options and a context { groups = { { name = "trunk", parameters }, { name = "heads", parameters } },
-- steps = of the run }; a plain { parameters = list } is one group.
function optimizer.build(rule, o, context)
  local groups = {}
  for i, group in ipairs(context.groups or { { name = "all", parameters = context.parameters } }) do
    local options = {}
    for k, v in pairs(o) do options[k] = v end
    if group.name == "heads" then
      for k, v in pairs(o.heads or {}) do
        if type(o[k]) ~= "number" then error(("optim: 'heads.%s' is no number of this optimizer"):format(k), 0) end
        options[k] = v
      end
    end
    groups[i] = { name = group.name, parameters = group.parameters, options = options }
  end
  local schedule = o.schedule and schema.build(o.schedule, context)
  return optimizer.new(rule, groups, schedule, context.steps)
end

return optimizer
