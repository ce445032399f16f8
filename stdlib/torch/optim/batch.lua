--- Parameters that one operator call can step together: of one dtype and device, with their gradients and states.
local is_tensor = require "host.tensor".is_tensor

local Batch = {}
Batch.__index = Batch

local batch = {}

-- On a CPU a list of single operators is stepped in portions that stay in its cache.
local portion = 2 ^ 17

local fusable = { float32 = true, float64 = true }
local complex = { complex64 = true, complex128 = true, complex32 = true }

-- The fused operator makes the whole step in one pass over memory. Without being asked it is taken where it computes
-- what the single operators do: on the CPU, in float32 and float64.
local function is_fused(self, g, part)
  if not self.fused or g.fused == false then return false end
  if g.fused then
    if part.complex or not (fusable[part.dtype] or part.dtype == "float16" or part.dtype == "bfloat16") then
      error(("%s: `fused=True` requires all the params to be floating point Tensors, got %s")
        :format(self.name, part.dtype), 0)
    elseif part.sparse then
      error(self.name .. ": `fused=True` does not support sparse gradients", 0)
    end
    return true
  end
  return g.foreach == nil and not g.differentiable and not g.capturable and not part.sparse and part.device == "cpu"
    and fusable[part.dtype] == true and not part.scattered
end

-- The fused operators of a CPU walk through memory: parameter, gradient and state must lie in it alike.
local channels_last = { memory_format = "channels_last" }
local function lie_alike(parameter, grad, entry)
  local function all(format)
    if not parameter:is_contiguous(format) or not grad:is_contiguous(format) then return false end
    for _, key in ipairs { "momentum_buffer", "exp_avg", "sum" } do
      local state = entry and rawget(entry, key)
      if state and not state:is_contiguous(format) then return false end
    end
    return true
  end
  return all() or parameter.ndim == 4 and all(channels_last)
end

--- The parameters of a group that have gradients, in batches; states are begun where they are missing.
function batch.gather(self, g)
  local parts, by_kind = {}, {}
  for _, parameter in ipairs(g.params) do
    local grad = parameter.grad
    if grad then
      local sparse, dtype = grad.layout ~= "strided", parameter.dtype
      local device = parameter.device
      if sparse and not self.sparse then
        error(("%s does not support sparse gradients"):format(self.name), 0)
      elseif not sparse and self.sparse == "only" then
        error(self.name .. " does not support dense gradients, please consider Adam instead", 0)
      elseif complex[dtype] and not self.complex then
        error(("%s does not support complex parameters"):format(self.name), 0)
      end
      local scattered = self.fused and g.fused ~= false and g.foreach == nil and device == "cpu" and not sparse
        and not lie_alike(parameter, grad, rawget(self.state, parameter))
      if scattered and g.fused then
        error(self.name .. ": `fused=True` on a CPU needs parameters, gradients and states of the same strides, "
          .. "contiguous or channels_last", 0)
      end
      local kind = dtype .. device .. (sparse and "sparse" or "") .. (scattered and "scattered" or "")
      if self.kind then kind = kind .. self.kind(grad) end
      local part = by_kind[kind]
      local elements = device == "cpu" and parameter:numel() or 0
      if part and not part.fused and part.elements + elements > portion then part = nil end
      if not part then
        part = setmetatable({ params = {}, grads = {}, states = {}, sparse = sparse, dtype = dtype, device = device,
                              elements = 0, scattered = scattered, complex = complex[dtype] and not sparse }, Batch)
        part.fused = is_fused(self, g, part)
        parts[#parts + 1], by_kind[kind] = part, part
      end
      local entry = rawget(self.state, parameter)
      if not entry or next(entry) == nil then
        local begun = self:start(parameter, g, grad, part.fused)
        if begun and next(begun) ~= nil then
          keep(begun) -- it outlives the step's scope
          if entry then for key, value in pairs(begun) do entry[key] = value end end
          entry = entry or begun
          rawset(self.state, parameter, entry)
        end
      end
      part.elements = part.elements + elements
      local n = #part.params + 1
      part.params[n], part.grads[n], part.states[n] = parameter, grad, entry or false
    end
  end
  return parts
end

--- Real views of complex tensors, and gradients that point down.
function Batch:prepare(g)
  self.owners = self.params
  if self.complex then self.params, self.grads = batch.real(self.params), batch.real(self.grads) end
  if g.maximize and not self.fused then self.grads = torch._foreach_neg(self.grads) end
end

--- Complex tensors as real ones of one more dim, that share their memory.
function batch.real(list)
  local out = {}
  for i, x in ipairs(list) do out[i] = x:is_complex() and torch.view_as_real(x) or x end
  return out
end

--- One entry of every state, as the list that a _foreach_ or _fused_ operator takes.
function Batch:column(key)
  local list = {}
  for i, entry in ipairs(self.states) do list[i] = entry[key] end
  return self.complex and batch.real(list) or list
end

--- Counts one step more; the counts as numbers, or with capturable as the tensors themselves, whose arithmetic stays
-- on the device.
function Batch:count(capturable)
  local steps = self:column "step"
  torch._foreach_add_(steps, 1)
  if capturable then return steps end
  local numbers = {}
  for i, step in ipairs(steps) do numbers[i] = step:item() end
  return numbers
end

--- f(steps) for each parameter; one result where all parameters have made equally many steps, as is usual.
function Batch.each(steps, f)
  local out, known = {}, {}
  for i, step in ipairs(steps) do
    if is_tensor(step) then
      out[i] = f(step)
    else
      known[step] = known[step] or f(step)
      out[i] = known[step]
    end
  end
  return out
end

--- Adds weight_decay * parameter to the gradients (L2).
function Batch:penalise(weight_decay)
  if weight_decay == 0 then return end
  if self.sparse then error("weight_decay option is not compatible with sparse gradients", 0) end
  self.grads = torch._foreach_add(self.grads, self.params, { alpha = weight_decay })
end

--- Decay by the group's weight_decay: decoupled it shrinks the parameters (AdamW), else it joins the gradient.
function Batch:decay(group, lr)
  if not group.decoupled_weight_decay then return self:penalise(group.weight_decay) end
  if group.weight_decay ~= 0 then torch._foreach_mul_(self.params, 1 - lr * group.weight_decay) end
end

--- The moving averages of the gradient and of its square, brought up to date: two lists.
function Batch:moments(beta1, beta2)
  local mean, square = self:column "exp_avg", self:column "exp_avg_sq"
  torch._foreach_lerp_(mean, self.grads, 1 - beta1)
  torch._foreach_mul_(square, beta2)
  torch._foreach_addcmul_(square, self.grads, self.grads, 1 - beta2)
  return mean, square
end

--- params += factor * a / b; the factor is one for all or a list, of numbers or of tensors with one element.
function Batch:add_quotient(a, b, factors)
  local first = type(factors) == "table" and factors[1] or factors
  if not is_tensor(first) then return torch._foreach_addcdiv_(self.params, a, b, factors) end
  local quotient = torch._foreach_div(a, b)
  torch._foreach_mul_(quotient, factors)
  torch._foreach_add_(self.params, quotient)
end

--- params += factor * a, likewise; `a` is not changed.
function Batch:add_scaled(a, factors)
  if type(factors) == "number" then return torch._foreach_add_(self.params, a, { alpha = factors }) end
  torch._foreach_add_(self.params, torch._foreach_mul(a, factors))
end

--- sqrt(squares) / divisors + eps, the denominators of adaptive steps. A step that is differentiated leaves the roots
-- alone, since their gradients need them.
function Batch.roots(squares, eps, g, divisors)
  local roots = torch._foreach_sqrt(squares)
  if g.differentiable then
    return torch._foreach_add(divisors and torch._foreach_div(roots, divisors) or roots, eps)
  end
  if divisors then torch._foreach_div_(roots, divisors) end
  torch._foreach_add_(roots, eps)
  return roots
end

--- A learning rate as a number, or as it is where it must stay on the device.
function batch.rate(lr, capturable)
  if capturable or not is_tensor(lr) then return lr end
  return lr:item()
end

--- A new step count: on the CPU, where reading it waits for nothing, unless the step must run without the host.
function batch.zero_step(parameter, g)
  local on_device = g.capturable or g.fused
  return torch.zeros({}, { dtype = not on_device and torch.get_default_dtype() == "float64" and "float64" or "float32",
                           device = on_device and parameter.device or "cpu" })
end

--- A tensor like x full of a number; where x is complex, of that number in both parts.
function batch.filled(x, value)
  x = x:detach()
  if not x:is_complex() then return torch.full_like(x, value) end
  local out = torch.empty_like(x)
  torch.view_as_real(out):fill_(value)
  return out
end

--- Raises PyTorch's words where a condition does not hold.
function batch.require(holds, who, what, value)
  if not holds then error(("%s: %s%s"):format(who, what, value == nil and "" or ": " .. tostring(value)), 0) end
end

--- Conditions that most optimizers share.
function batch.check(o, who)
  if is_tensor(o.lr) then
    batch.require(o.lr:numel() == 1, who, "Tensor lr must be 1-element")
    if not o.lr.device:find "^cuda" then batch.require(o.lr:item() >= 0, who, "Invalid learning rate", o.lr:item()) end
  elseif o.lr ~= nil then
    batch.require(type(o.lr) == "number" and o.lr >= 0, who, "Invalid learning rate", o.lr)
  end
  local function at_least_zero(name, label)
    local value = o[name]
    if value ~= nil then
      batch.require(type(value) == "number" and value >= 0, who, "Invalid " .. label .. " value", value)
    end
  end
  at_least_zero("weight_decay", "weight_decay")
  if type(o.eps) ~= "table" then at_least_zero("eps", "epsilon") end
  if o.betas then
    batch.require(type(o.betas) == "table" and #o.betas == 2, who, "betas must be two numbers")
    for i, beta in ipairs(o.betas) do
      local value = is_tensor(beta) and beta:item() or beta
      batch.require(value >= 0 and value < 1, who, "Invalid beta parameter at index " .. i - 1, value)
    end
  end
  if o.fused then
    batch.require(not o.differentiable, who, "`fused` does not support `differentiable`")
    batch.require(not o.foreach, who, "`fused` and `foreach` cannot be `True` together.")
  end
end

return batch
