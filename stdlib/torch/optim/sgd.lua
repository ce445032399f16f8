--- SGD: gradient descent with momentum (Sutskever et al. 2013) and Nesterov's.
local optimizer = require "torch.optim.optimizer"
local batch = require "torch.optim.batch"

local SGD = { sparse = true, complex = true, fused = "_fused_sgd_" }

function SGD.check(o, who)
  batch.check(o, who)
  batch.require(o.momentum >= 0, who, "Invalid momentum value", o.momentum)
  if o.nesterov then
    batch.require(o.momentum > 0 and o.dampening == 0, who, "Nesterov momentum requires a momentum and zero dampening")
  end
end

-- A momentum starts as the first gradient, undampened: parameters whose first gradient this is go apart from the rest.
local function fused(self, part, g, indices, first)
  local params, grads, buffers = {}, {}, {}
  for n, i in ipairs(indices) do
    params[n], grads[n] = part.params[i], part.grads[i]
    if g.momentum ~= 0 then buffers[n] = part.states[i].momentum_buffer end
  end
  torch._fused_sgd_(params, grads, buffers, {
    weight_decay = g.weight_decay, momentum = g.momentum, lr = g.lr, dampening = g.dampening, nesterov = g.nesterov,
    maximize = g.maximize, is_first_step = first, grad_scale = self.grad_scale, found_inf = self.found_inf,
  })
end

-- The indices of parameters with a momentum, and of those that begin theirs.
local function split(self, part)
  local known, fresh = {}, {}
  for i, owner in ipairs(part.owners) do
    part.states[i] = self.state[owner]
    local list = part.states[i].momentum_buffer and known or fresh
    list[#list + 1] = i
  end
  return known, fresh
end

local function update_fused(self, part, g)
  local known, fresh = {}, {}
  if g.momentum == 0 then
    for i in ipairs(part.params) do known[i] = i end
  else
    known, fresh = split(self, part)
    for _, i in ipairs(fresh) do part.states[i].momentum_buffer = keep(torch.zeros_like(part.owners[i])) end
  end
  if #known > 0 then fused(self, part, g, known, false) end
  if #fresh > 0 then fused(self, part, g, fresh, true) end
end

function SGD:update(part, g)
  if part.fused then return update_fused(self, part, g) end
  if g.weight_decay ~= 0 then part.grads = torch._foreach_add(part.grads, part.params, { alpha = g.weight_decay }) end
  if g.momentum ~= 0 then
    local known, fresh = split(self, part)
    local buffers, old, grads = {}, {}, {}
    for n, i in ipairs(known) do
      local buffer = part.states[i].momentum_buffer
      if part.complex then buffer = torch.view_as_real(buffer) end
      buffers[i], old[n], grads[n] = buffer, buffer, part.grads[i]
    end
    if #known > 0 then
      torch._foreach_mul_(old, g.momentum)
      torch._foreach_add_(old, grads, { alpha = 1 - g.dampening })
    end
    for _, i in ipairs(fresh) do
      buffers[i] = part.grads[i]:clone()
      part.states[i].momentum_buffer = keep(part.complex and torch.view_as_complex(buffers[i]) or buffers[i])
    end
    part.grads = g.nesterov and torch._foreach_add(part.grads, buffers, { alpha = g.momentum }) or buffers
  end
  torch._foreach_add_(part.params, part.grads, { alpha = -batch.rate(g.lr) })
end

return optimizer.class("SGD", {
  { "lr", 1e-3 }, { "momentum", 0 }, { "dampening", 0 }, { "weight_decay", 0 }, { "nesterov", false },
  { "maximize", false }, { "foreach" }, { "differentiable", false }, { "fused" },
}, SGD)
