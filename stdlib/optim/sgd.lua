local schema = require "schema"
local optimizer = require "optimizer"

local rule = {}

function rule.start() return {} end

local function update(parameters, grads, momentum, o, group, first)
  torch._fused_sgd_(parameters, grads, momentum, {
    weight_decay = o.weight_decay, momentum = o.momentum, lr = group.lr, dampening = o.dampening, nesterov = o.nesterov,
    maximize = false, is_first_step = first,
  })
end

-- A momentum starts as the first gradient, undampened: parameters whose first gradient this is go apart from the rest.
function rule.step(parameters, grads, states, o, group)
  if o.momentum == 0 then return update(parameters, grads, {}, o, group, false) end
  local fresh, known = { {}, {}, {} }, { {}, {}, {} }
  for i, state in ipairs(states) do
    local part = state.momentum_buffer and known or fresh
    if part == fresh then state.momentum_buffer = keep(torch.zeros_like(parameters[i])) end
    local n = #part[1] + 1
    part[1][n], part[2][n], part[3][n] = parameters[i], grads[i], state.momentum_buffer
  end
  if #fresh[1] > 0 then update(fresh[1], fresh[2], fresh[3], o, group, true) end
  if #known[1] > 0 then update(known[1], known[2], known[3], o, group, false) end
end

--- Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD.
-- @usage sgd { lr = 0.05, momentum = 0.9, nesterov = true }
return schema.declare("optim.sgd", optimizer.fields {
  { "lr", "number >= 0", 1e-3, "learning rate" },
  { "momentum", "number in [0, 1]", 0.0, "share of the last step that is kept" },
  { "dampening", "number in [0, 1]", 0.0, "share of the gradient that momentum leaves out" },
  { "weight_decay", "number >= 0", 0.0, "factor of the L2 penalty" },
  { "nesterov", "boolean", false, "look ahead along the momentum" },
}, function(o, context)
  if o.nesterov and (o.momentum == 0 or o.dampening ~= 0) then
    error("sgd: nesterov needs momentum above 0 and no dampening", 0)
  end
  return optimizer.build(rule, o, context)
end)
