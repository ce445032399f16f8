local schema = require "schema"
local host = require "host.balance"

local MtAdam = { replaces_optimizer = true }
MtAdam.__index = MtAdam

-- The options of Adam that hold for a group, as the host wants them.
local function rate_of(group)
  if not group.betas then error("mtadam: it steps as Adam does: optim = adam {} or adamw {}", 0) end
  return { lr = group.lr, beta1 = group.betas[1], beta2 = group.betas[2], eps = group.eps,
           weight_decay = group.weight_decay }
end

--- Steps in place of the optimizer, with its rates: @param objective { shared, by_task }, @param state of training
function MtAdam:step(objective, state)
  if not objective.by_task then return end
  local rate, rates = {}, {}
  for _, group in ipairs(state.optim.groups) do
    local of_group = rate_of(group)
    for _, parameter in ipairs(group.params) do rate[parameter] = of_group end
  end
  for i, parameter in ipairs(objective.shared) do rates[i] = rate[parameter] end
  require "precision".update(state, objective.shared, function()
    self.host:step(objective.shared, objective.by_task, rates)
    state.optim:advance()
  end)
end

function MtAdam:state_dict() return self.host:state_dict() end
function MtAdam:load_state_dict(dict) self.host:load_state_dict(dict) end

--- MTAdam (Malkiel and Wolf 2020): Adam with moments for each task, whose gradients are brought to the norm of the
-- first task's, tensor by tensor. It takes the place of the optimizer, trunk and heads alike, with the learning
-- rates, betas, schedule and decoupled decay of the experiment's adam {} or adamw {}. clip does not change its steps'
-- direction or length.
-- @usage mtadam { norm_beta = 0.9 }
return schema.declare("balance.mtadam", {
  { "norm_beta", "number in [0, 1)", 0.9, "memory of the gradients' norms" },
  { "ranks", "list of number >= 0", schema.optional,
    "norm of each task's gradient, in units of the main one; 1 where absent" },
}, function(o, context)
  if o.ranks and context and context.tasks and #o.ranks ~= context.tasks then
    error(("mtadam: %d ranks for %d tasks"):format(#o.ranks, context.tasks), 0)
  end
  return setmetatable({ host = host.mtadam(o.norm_beta, o.ranks) }, MtAdam)
end)
