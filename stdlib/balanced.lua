--- What a step of a mixture minimises: every head's loss has its own gradient in the trunk, a balance combines them.
--
-- The trunk runs forward once. Each task's loss is taken back to the features (and fills its head's gradients, scaled
-- by the task's weight), and from there through the trunk, one backward a task. `mode = "two_pass"` of a balance lets
-- the heads step first and takes the trunk's gradients at the new heads (the second forward of the paper's footnote):
-- as that step changes nothing in the trunk, its second forward would give the same features, so only the heads run
-- again, batch statistics move once and dropout masks agree.
local schema = require "schema"

local Balanced = {}
Balanced.__index = Balanced

function Balanced:forward(state)
  state.features = state.model:features(state.batch)
end

-- Each task's loss on features that stand alone: their gradient is where the trunk's backward begins.
local function losses_at(self, features, batch)
  local losses = {}
  for i, task in ipairs(self.tasks) do
    for _, term in ipairs(task.head:losses(task.head:forward(features), batch, task.criterion)) do
      losses[i] = losses[i] and losses[i] + term.value or term.value
    end
  end
  return losses
end

function Balanced:criterion(state)
  self.leaf = state.features:detach():requires_grad_()
  local losses = losses_at(self, self.leaf, state.batch)
  state.terms = losses
  for i, task in ipairs(self.tasks) do
    local weighted = losses[i] * task.weight
    state.loss = state.loss and state.loss + weighted or weighted
  end
end

-- The gradient of each weighted loss at the features; the heads' own gradients are filled on the way.
local function gradients_at(self, losses, leaf)
  local gradients = {}
  for i, task in ipairs(self.tasks) do
    local found = { torch.autograd.grad(losses[i] * task.weight, { leaf, unpack(task.parameters) }) }
    gradients[i] = found[1]
    for k, parameter in ipairs(task.parameters) do parameter.grad = found[k + 1] end
  end
  return gradients
end

-- The combined gradient of every trunk parameter, from the tasks' gradients at the features.
local function through_trunk(self, features, at_features)
  if not features.requires_grad then return end
  if not self.balance then
    local total = at_features[1]
    for i = 2, #at_features do total = total + at_features[i] end
    features:backward { gradient = total }
    return
  end
  local by_task = {}
  for i, gradient in ipairs(at_features) do
    local found = { torch.autograd.grad({ features }, self.trunk, {
      grad_outputs = { gradient }, retain_graph = i < #at_features, allow_unused = true }) }
    for k, parameter in ipairs(self.trunk) do found[k] = found[k] or torch.zeros_like(parameter) end
    by_task[i] = found
  end
  local combined = self.balance:combine(by_task)
  for k, parameter in ipairs(self.trunk) do parameter.grad = combined[k] end
end

function Balanced:backward(state)
  state.optim:zero_grad()
  local at_features = gradients_at(self, state.terms, self.leaf)
  if self.two_pass then
    if state.clip then torch.clip_grad_norm_(self.heads, state.clip) end
    state.optim:step "heads"
    local leaf = state.features:detach():requires_grad_()
    at_features = gradients_at(self, losses_at(self, leaf, state.batch), leaf)
  end
  through_trunk(self, state.features, at_features)
end

function Balanced:update(state)
  if self.two_pass then
    if state.clip then torch.clip_grad_norm_(self.trunk, state.clip) end
    state.optim:step "trunk"
  else
    if state.clip then torch.clip_grad_norm_(self.all, state.clip) end
    state.optim:step()
  end
  self.leaf = nil
end

local balanced = {}

--- @param o the options of a mixture { main, weights, balance }
-- @param context { model = a built trunk with heads }
function balanced.new(o, context)
  local model = context.model
  if #model.head_names == 0 then
    error("mixture: the model has one head; write trunk { ..., heads = { name = ... } }", 0)
  end
  local self = setmetatable({ tasks = {}, names = {} }, Balanced)
  local order = { o.main }
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
    self.tasks[i] = { name = name, head = head, weight = weight, criterion = criterion,
                      parameters = head.module:parameters() }
    self.names[i] = name
  end
  self.trunk, self.heads = model:parameters()
  self.all = {}
  for _, list in ipairs { self.trunk, self.heads } do
    for _, parameter in ipairs(list) do self.all[#self.all + 1] = parameter end
  end
  if o.balance then
    self.balance = schema.build(o.balance, { tasks = #order, parameters = self.trunk })
    self.two_pass = o.balance.args.mode == "two_pass"
  end
  return self
end

return balanced
