--- An optimizer of a run: one of torch.optim over named groups (trunk, heads), whose rates follow a schedule.
--
-- optimizer.build(class, o, context) -> object
--   class     "SGD", "AdamW", ...: a name in torch.optim
--   o         the options of the script; `schedule` a node or nil; what differs between parameters: parameter_groups.lua
--   context   { groups = { { name = "trunk", parameters = { ... }, options = { lr = ... } or nil }, ... } } or
--             { parameters = { ... } }; module = the model, for the names of its parameters;
--             steps = of the whole run, for schedules that need it
--
-- The object: step(closure or group name), zero_grad(), observe(value), groups (each a torch.optim group: .lr the rate
-- of the step to come, .name), steps, optim (the torch.optim object), needs_closure, state_dict(), load_state_dict(t),
-- flat_state() -> tensors, plain; load_flat_state(tensors, plain).
--
-- A schedule is an object with factor(step, total) -> share of each group's lr [, momentum]; one that listens to a
-- metric has observe(value), and state (a plain table) that belongs into checkpoints.
local parameter_groups = require "parameter_groups"
local schema = require "schema"
local state = require "torch.optim.state"

local optimizer = {}

local Run = {}
Run.__index = Run

-- Rates for the step to come.
function Run:set_rates()
  local factor, momentum = 1, nil
  if self.schedule then factor, momentum = self.schedule.factor(self.steps, self.total) end
  for _, group in ipairs(self.groups) do
    group.lr = group.initial_lr * factor
    if momentum and group.betas then
      group.betas = { momentum, group.betas[2] }
    elseif momentum and group.momentum then
      group.momentum = momentum
    end
  end
end

--- Updates every group, or the one of this name; a closure is for optimizers that compute the loss themselves. The
-- schedule moves on once every group has stepped.
function Run:step(what)
  if type(what) == "string" then
    local found = false
    for _, group in ipairs(self.groups) do
      if group.name == what then
        found = true
        torch.no_grad(function() self.optim:update_group(group) end)
        self.made[group] = self.made[group] + 1
      end
    end
    if not found then error("optim: no group '" .. what .. "'", 0) end
    return self:move_on()
  end
  local result = self.optim:step(what)
  self:advance()
  return result
end

--- Counts a step that was made in place of this optimizer; the schedule moves on.
function Run:advance()
  for _, group in ipairs(self.groups) do self.made[group] = self.made[group] + 1 end
  self:move_on()
end

-- The schedule follows the group that has stepped least.
function Run:move_on()
  local least = math.huge
  for _, group in ipairs(self.groups) do
    if #group.params > 0 then least = math.min(least, self.made[group]) end
  end
  if least < math.huge and least > self.steps then
    self.steps = least
    self:set_rates()
  end
end

--- Gradients are dropped, so that a parameter without one is left alone by the next step.
function Run:zero_grad(...) self.optim:zero_grad(...) end

--- The value of the watched metric, for a schedule that waits for it (plateau); nothing otherwise.
function Run:observe(value)
  if not self.schedule or not self.schedule.observe then return end
  self.schedule.observe(value)
  self:set_rates()
end

--- PyTorch's layout, and under `schedule` { steps, made = steps of each group, state = the schedule's own }.
function Run:state_dict()
  local dict, made = self.optim:state_dict(), {}
  for i, group in ipairs(self.groups) do made[i] = self.made[group] end
  dict.schedule = { steps = self.steps, made = made, state = self.schedule and self.schedule.state or {} }
  return dict
end

--- Goes on from such a table, or from one of torch.optim (Python's too), which knows nothing of the schedule.
function Run:load_state_dict(dict)
  local names = {}
  for i, group in ipairs(self.groups) do names[i] = { group.name, group.initial_lr } end
  self.optim:load_state_dict { state = dict.state, param_groups = dict.param_groups }
  for i, group in ipairs(self.groups) do
    group.name = names[i][1]
    group.initial_lr = group.initial_lr or names[i][2]
  end
  local schedule = dict.schedule
  if schedule then
    self.steps = schedule.steps
    for i, group in ipairs(self.groups) do self.made[group] = schedule.made[i] end
    if self.schedule and self.schedule.state then
      for key, value in pairs(schedule.state) do self.schedule.state[key] = value end
    end
    self:set_rates()
  end
end

--- The state as { name = tensor } for a safetensors file, and plain data for JSON beside it.
function Run:flat_state() return state.flatten(self:state_dict()) end
function Run:load_flat_state(tensors, plain) self:load_state_dict(state.unflatten(tensors, plain)) end

-- On CUDA the fused operator where there is one: it waits for nothing and can be captured in a graph.
local function fuses(class, groups)
  if not class.fused then return nil end
  for _, group in ipairs(groups) do
    for _, parameter in ipairs(group.parameters) do
      if not parameter.device:find "^cuda" or not parameter:is_floating_point() then return nil end
    end
  end
  return true
end

--- Fields that every optimizer has, after its own.
function optimizer.fields(own)
  own[#own + 1] = { "schedule", "node optim or function", schema.optional,
    "how the learning rate changes: cosine {}, step {}, ..., or function(step, total) -> factor" }
  for _, field in ipairs(parameter_groups.fields(schema.optional)) do own[#own + 1] = field end
  return own
end

function optimizer.build(name, o, context)
  local class = torch.optim[name]
  local groups = context.groups or { { name = "all", parameters = context.parameters } }
  local defaults, seen = {}, {}
  for key, value in pairs(o) do
    if key ~= "schedule" and not parameter_groups.options[key] then defaults[key] = value end
  end
  defaults.fused = fuses(class, groups)
  if name == "LBFGS" then -- it has one group by its nature
    for key in pairs(parameter_groups.options) do
      if o[key] ~= nil then error(("lbfgs: its options are the same for all parameters: no '%s'"):format(key), 0) end
    end
    local all = {}
    for _, group in ipairs(groups) do
      for _, parameter in ipairs(group.parameters) do all[#all + 1] = parameter end
    end
    groups = { { name = "all", parameters = all } }
  end
  for _, group in ipairs(groups) do
    for _, parameter in ipairs(group.parameters) do
      if seen[parameter] then error("optim: a parameter stands in two groups", 0) end
      seen[parameter] = true
    end
  end
  local params = parameter_groups.split(groups, o, context.module)
  local self = setmetatable({ optim = class(params, defaults), total = context.steps, steps = 0, made = {},
                              needs_closure = name == "LBFGS" }, Run)
  self.groups = self.optim.param_groups
  self.param_groups, self.defaults = self.groups, self.optim.defaults
  for _, group in ipairs(self.groups) do group.initial_lr, self.made[group] = group.lr, 0 end
  self.schedule = o.schedule and schema.build(o.schedule, context)
  if self.schedule and self.schedule.begin then self.schedule.begin(self) end
  self:set_rates()
  return self
end

return optimizer
