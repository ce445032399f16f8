--- What a step minimises, and how its gradients come about. An objective has names (its terms, for the log) and four
-- parts that the training loop calls in turn: forward, criterion, backward, update. Each reads and writes the state.
-- It may have look(state, reading), which says what a reading of the losses means, and readings() -> { key = value },
-- what it adds to the record of an epoch.
local accumulation = require "accumulation"
local precision = require "precision"

local objective = {}

local Sum = {}
Sum.__index = Sum

function Sum:forward(state)
  self.batches:next(state)
  state.features = precision.cast(state.precision, state.model.features, state.model, state.batch)
end

--- loss = sum of weight * term; the terms are kept without their weights.
function Sum:criterion(state)
  state.terms = {}
  precision.cast(state.precision, function()
    for i, term in ipairs(self.list) do
      local value = term.of(state)
      state.terms[i] = value
      local weighted = term.weight == 1 and value or value * term.weight
      state.loss = state.loss and state.loss + weighted or weighted
    end
  end)
end

function Sum:backward(state)
  if self.batches.first then state.optim:zero_grad() end
  local loss = precision.scaled(state.precision, state.loss)
  if self.batches.size > 1 then loss = loss / self.batches.size end
  loss:backward()
end

function Sum:update(state)
  if not self.batches.last then return end
  if not state.optim.needs_closure then
    precision.update(state, self.parameters, function() state.optim:step() end)
    return precision.finish(state.precision)
  end
  if state.accumulate and state.accumulate > 1 or state.precision and state.precision.scaler then
    error("lbfgs looks at a batch several times: neither accumulate nor precision = \"fp16\" fits it", 0)
  end
  precision.clip(state, self.parameters)
  -- LBFGS looks at the loss several times a step; the first look is the one already taken
  local fresh = true
  state.optim:step(function()
    if not fresh then
      state.features, state.loss, state.outputs = nil, nil, nil
      self:forward(state)
      self:criterion(state)
      self:backward(state)
    end
    fresh = false
    return state.loss
  end)
end

--- A weighted sum of terms with one backward.
-- @param list of { name, weight, of = function(state) -> scalar tensor }
-- @param parameters all that are trained
function objective.sum(list, parameters)
  local names = {}
  for i, term in ipairs(list) do names[i] = term.name end
  return setmetatable({ list = list, names = names, parameters = parameters, batches = accumulation.new() }, Sum)
end

return objective
