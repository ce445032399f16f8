--- What a step minimises, and how its gradients come about. An objective has names (its terms, for the log) and four
-- parts that the training loop calls in turn: forward, criterion, backward, update. Each reads and writes the state.
local objective = {}

local Sum = {}
Sum.__index = Sum

function Sum:forward(state)
  state.features = state.model:features(state.batch)
end

--- loss = sum of weight * term; the terms are kept without their weights.
function Sum:criterion(state)
  state.terms = {}
  for i, term in ipairs(self.list) do
    local value = term.of(state)
    state.terms[i] = value
    local weighted = term.weight == 1 and value or value * term.weight
    state.loss = state.loss and state.loss + weighted or weighted
  end
end

function Sum:backward(state)
  state.optim:zero_grad()
  state.loss:backward()
end

function Sum:update(state)
  if state.clip then torch.clip_grad_norm_(self.parameters, state.clip) end
  if not state.optim.needs_closure then return state.optim:step() end
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
  return setmetatable({ list = list, names = names, parameters = parameters }, Sum)
end

return objective
