--- What a step of a mixture minimises: every head's loss has its own gradient in the trunk, a balance combines them.
--
-- The trunk runs forward once. Every task reads the features as a leaf of its own, so that one backward of the weighted
-- sum gives each task's gradient there (and fills the heads' gradients); from there they go through the trunk together,
-- over the same activations. Without a balance of gradients there is one backward of the weighted sum.
--
-- `mode = "two_pass"` of a balance lets the heads step first and takes the trunk's gradients at the new heads (the
-- second forward of the paper's footnote): as that step changes nothing in the trunk, its second forward would give
-- the same features, so only the heads run again; they draw the same random numbers (dropout) as the first time, and
-- what their batch norms counted in the first pass is taken back. A head that counts its calls finds batch.pass = 2
-- in the second. `mode = "stale"` takes them as the public example of MetaBalance does: through the new heads, but
-- from what the old ones answered.
local accumulation = require "accumulation"
local host = require "host.balance"
local precision = require "precision"
local task_log = require "task_log"
local task_weight = require "task_weight"
local two_passes = require "two_passes"

local Balanced = {}
Balanced.__index = Balanced

function Balanced:forward(state)
  self.batches:next(state)
  if self.balance and self.balance.begin then self.balance:begin(state) end
  state.features = precision.cast(state.precision, state.model.features, state.model, state.batch)
end

-- Does any balance or log need the tasks' gradients one by one?
local function one_by_one(self)
  return self.combines or self.adam or self.balance and self.balance.needs_norms or self.log.gradients
end

-- One task's loss on these features; the outputs as second value.
local function loss_of(task, features, batch)
  local outputs, loss = task.head:forward(features), nil
  for _, term in ipairs(task.head:losses(outputs, batch, task.criterion)) do
    loss = loss and loss + term.value or term.value
  end
  return batch.w and loss * batch.w:mean() or loss, outputs -- as a trunk with one head does (trunk.lua)
end

function Balanced:criterion(state)
  local weights = self.weights:at(math.max((state.step or 1) - 1, 0), state.epoch or 1)
  self.alone = one_by_one(self)
  -- a balance that looks at the last layer alone needs no more of the tasks one by one
  self.narrow = self.alone and self.balance and self.balance.needs_norms and not self.log.gradients
  self.leaves = {}
  if self.alone and self.repeats then self.first_pass = two_passes.remember(self.tasks, state.features.device) end
  self.weighted, self.factors, self.outputs = {}, {}, {}
  state.terms = {}
  precision.cast(state.precision, function()
    for i, task in ipairs(self.tasks) do
      self.leaves[i] = self.alone and state.features:detach():requires_grad_() or state.features
      local loss, outputs = loss_of(task, self.leaves[i], state.batch)
      self.outputs[i] = outputs
      local learnt = self.balance and self.balance.factor and self.balance:factor(i)
      local factor = learnt and learnt * weights[i] or weights[i]
      local value = loss * factor
      if learnt and self.balance.extra then value = value + self.balance:extra(i) * weights[i] end
      state.terms[i], self.weighted[i], self.factors[i] = loss, value, factor
      state.loss = state.loss and state.loss + value or value
    end
  end)
  self.sum = state.loss
  if self.balance and self.balance.observe then self.balance:observe(state.terms) end
  self.log:add_weights(self.factors, state.features.device)
end

local function accumulate(parameter, gradient)
  parameter.grad = parameter.grad and parameter.grad + gradient or gradient
end

-- d (sum of outputs) / d inputs, nil where one has no part in it.
local function gradients_of(outputs, inputs, options)
  local taken, given = {}, options and {}
  for i, output in ipairs(outputs) do
    if output.requires_grad then
      taken[#taken + 1] = output
      if given then given[#taken] = options.grad_outputs[i] end
    end
  end
  if #taken == 0 then return {} end
  return { torch.autograd.grad(taken, inputs, { allow_unused = true, grad_outputs = given }) }
end

-- Of some tasks: the gradient of each weighted loss at the features goes to at_features; the heads' own gradients are
-- filled on the way, or, where the balance covers the heads, go to own, by task.
local function backward_of(self, state, tasks, at_features, own)
  local inputs, place = {}, {}
  local function ask(tensor)
    if place[tensor] then return false end
    inputs[#inputs + 1], place[tensor] = tensor, #inputs + 1
    return true
  end
  local parameters = {}
  for _, i in ipairs(tasks) do
    ask(self.leaves[i])
    if self.mode == "stale" then ask(two_passes.single_output(self.names[i], self.outputs[i])) end
    for _, parameter in ipairs(self.tasks[i].parameters) do
      if ask(parameter) then parameters[#parameters + 1] = parameter end
    end
  end
  local loss = precision.scaled(state.precision, #tasks == #self.tasks and self.sum or self.weighted[tasks[1]])
  if self.batches.size > 1 then loss = loss / self.batches.size end
  local found = gradients_of({ loss }, inputs)
  for _, i in ipairs(tasks) do
    at_features[i] = found[place[self.leaves[i]]] or torch.zeros_like(self.leaves[i])
    own[i] = {}
    for _, parameter in ipairs(self.tasks[i].parameters) do own[i][parameter] = found[place[parameter]] end
    if self.mode == "stale" then
      self.outputs[i] = found[place[self.outputs[i]]] or torch.zeros_like(self.outputs[i])
    end
  end
  if self.covers_heads then return end
  for _, parameter in ipairs(parameters) do
    local gradient = found[place[parameter]]
    if gradient then accumulate(parameter, gradient) end
  end
end

-- All tasks in one backward; one by one where the balance must tell apart what two heads do to a parameter of both.
local function gradients_at(self, state)
  local at_features, own, all = {}, {}, {}
  for i in ipairs(self.tasks) do all[i] = i end
  if not (self.covers_heads and self.heads_share) then
    backward_of(self, state, all, at_features, own)
  else
    for i in ipairs(all) do backward_of(self, state, { i }, at_features, own) end
  end
  return at_features, own
end

-- Adds the tasks' gradients in the trunk (and, where the balance covers them, the heads) to those of the update.
local function collect(self, features, at_features, own)
  local gradients
  if features.requires_grad and #self.trunk > 0 then
    for i, gradient in ipairs(at_features) do at_features[i] = gradient:to(features.dtype) end
    if self.narrow then
      gradients = host.through(features, at_features, { self.last }, true)
      local total = at_features[1]
      for i = 2, #at_features do total = total + at_features[i] end
      features:backward { gradient = total }
    else
      gradients = host.through(features, at_features, self.trunk)
    end
  end
  if self.covers_heads and #self.heads > 0 then
    local lists = {}
    for i in ipairs(self.tasks) do
      lists[i] = {}
      for k, parameter in ipairs(self.heads) do lists[i][k] = own[i][parameter] or false end
    end
    for k, parameter in ipairs(self.heads) do -- of a head that has no part in this step
      local reached = false
      for i in ipairs(self.tasks) do reached = reached or lists[i][k] end
      if not reached then lists[1][k] = torch.zeros_like(parameter) end
    end
    if gradients then gradients:append(lists) else gradients = host.gather(lists) end
  end
  if gradients and self.gradients then return self.gradients:add(gradients) end
  self.gradients = gradients or self.gradients
end

-- The tasks' gradients of an update become those of the parameters.
local function settle(self, state)
  local gradients = self.gradients
  self.gradients = nil
  if not gradients then return end
  local scale = precision.scale(state.precision)
  if scale then gradients:scale(scale:double():reciprocal()) end
  local watched = state.on and (state.on.backward or state.on.step)
  local gram = gradients:gram(not self.norms_alone or watched ~= nil or self.log.cosines ~= nil)
  local known = self.log:add_gram(gram, watched)
  state.tasks = { names = self.names, weights = self.factors, norms = known and known.norms,
                  cosines = known and known.cosines }
  if self.balance and self.balance.needs_norms then
    self.balance:norms(gram[self.narrow and 0 or self.last_place], self.factors, state.terms)
  end
  if self.narrow then return end
  local combined
  if self.combines then
    combined = self.balance:combine(gradients, gram)
  else
    combined = gradients:combine(torch.ones_like(gram:select(2, 0)))
  end
  for k, parameter in ipairs(self.shared) do
    local gradient = combined[k]
    if scale then gradient = gradient * scale:to(gradient.dtype) end -- the scaler divides by it once more
    parameter.grad = gradient
  end
  if self.adam then self.by_task = gradients end
end

-- Of a mixture with a balance, for hooks: { names, weights, norms, cosines } as state.tasks.
function Balanced:backward(state)
  if self.batches.first then
    state.optim:zero_grad()
    self.kept = {}
  end
  if not self.alone then
    local loss = precision.scaled(state.precision, state.loss)
    if self.batches.size > 1 then loss = loss / self.batches.size end
    if loss.requires_grad then loss:backward() end
    return
  end
  local at_features, own = gradients_at(self, state)
  if not self.repeats then
    collect(self, state.features, at_features, own)
    if self.batches.last then settle(self, state) end
    return
  end
  if not self.batches.last then
    for _, kept in ipairs { state.features, state.batch, self.factors, self.outputs, self.first_pass } do
      two_passes.hold(kept)
    end
  end
  self.kept[#self.kept + 1] = { features = state.features, batch = state.batch, factors = self.factors,
                                outputs = self.outputs, before = self.first_pass }
  if not self.batches.last then return end
  precision.update(state, self.heads, function() state.optim:step "heads" end)
  for _, pass in ipairs(self.kept) do
    collect(self, pass.features, two_passes.again(self, state, pass, loss_of, gradients_of))
  end
  self.kept = nil
  settle(self, state)
end

function Balanced:update(state)
  if not self.batches.last then return end
  if self.adam then
    self.adam:step(self, state)
  elseif self.repeats and self.alone then
    precision.update(state, self.trunk, function() state.optim:step "trunk" end)
  else
    precision.update(state, self.all, function() state.optim:step() end)
  end
  precision.finish(state.precision)
  self.leaves, self.weighted, self.sum, self.outputs, self.by_task = nil, nil, nil, nil, nil
end

--- Says which task a loss or a gradient that is not finite belongs to.
function Balanced:look(state, reading)
  if reading.diverged and #reading.broken > 0 then
    state.stop = ("the loss of head '%s' is not finite since step %d"):format(table.concat(reading.broken, "', '"),
      reading.diverged)
  end
  local name, at
  if not precision.scale(state.precision) then name, at = self.log:broken() end -- float16 may overflow
  if name and at < (reading.diverged or math.huge) then
    state.diverged = at
    state.stop = ("the gradient of head '%s' is not finite since update %d"):format(name, at)
  end
end

--- Norms, cosines and weights since the last call, for the record of an epoch.
function Balanced:readings() return self.log:read() end

--- What a checkpoint keeps beside the model: { name = tensor }, the state of the balance.
function Balanced:state_dict()
  local kept = self.balance or self.adam
  return kept and kept.state_dict and kept:state_dict() or {}
end

function Balanced:load_state_dict(dict)
  local kept = self.balance or self.adam
  if kept and kept.load_state_dict then kept:load_state_dict(dict) end
end

return Balanced
