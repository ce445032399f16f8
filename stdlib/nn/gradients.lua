--- Gradients and parameters as wholes: clipping, norms, vectors.
local torch = require "torch"

local gradients = {}

local function list_of(parameters)
  if torch.is_tensor(parameters) then return { parameters } end
  return parameters
end

local function grads_of(parameters)
  local grads = {}
  for _, p in ipairs(list_of(parameters)) do if p.grad then grads[#grads + 1] = p.grad end end
  return grads
end

--- nn.utils.get_total_norm(tensors, {norm_type=2, error_if_nonfinite=false}): the norm of all of them as one vector, a
-- 0-dim tensor.
function gradients.get_total_norm(tensors, options)
  if type(options) == "number" then options = { norm_type = options } end
  options = options or {}
  local kind = options.norm_type or 2
  tensors = list_of(tensors)
  if #tensors == 0 then return torch.tensor(0) end
  local device, each = tensors[1].device, {}
  for i, tensor in ipairs(tensors) do each[i] = torch.linalg.vector_norm(tensor, kind):to(device) end
  local total = torch.linalg.vector_norm(torch.stack(each), kind)
  if options.error_if_nonfinite and not total:isfinite():item() then
    error(("the total norm of order %s of the gradients is %g, so they cannot be clipped"):format(tostring(kind),
      total:item()), 2)
  end
  return total
end

--- nn.utils.clip_grads_with_norm_(parameters, max_norm, total_norm): scales the gradients by max_norm / total_norm
-- where
-- that is below one.
function gradients.clip_grads_with_norm_(parameters, max_norm, total)
  local grads = grads_of(parameters)
  if #grads == 0 then return end
  local scale = (max_norm / (total + 1e-6)):clamp { max = 1 }
  torch.no_grad(function() for _, grad in ipairs(grads) do grad:mul_(scale:to(grad.device)) end end)
end

--- nn.utils.clip_grad_norm_(parameters, max_norm, {norm_type=2, error_if_nonfinite=false}): scales the gradients so
-- that
-- their norm together is at most max_norm. Returns the norm before, a 0-dim tensor.
-- @usage local m = nn.Linear(2, 1); m(torch.ones(1, 2)):sum():backward(); print(nn.utils.clip_grad_norm_(m:parameters(), 1))
function gradients.clip_grad_norm_(parameters, max_norm, options)
  local total = torch.no_grad(function() return gradients.get_total_norm(grads_of(parameters), options) end)
  gradients.clip_grads_with_norm_(parameters, max_norm, total)
  return total
end

--- nn.utils.clip_grad_value_(parameters, clip_value): every element of the gradients into [-clip_value, clip_value].
function gradients.clip_grad_value_(parameters, limit)
  torch.no_grad(function() for _, grad in ipairs(grads_of(parameters)) do grad:clamp_(-limit, limit) end end)
end

--- nn.utils.parameters_to_vector(parameters): all elements as one vector, with history.
function gradients.parameters_to_vector(parameters)
  local flat = {}
  for i, p in ipairs(parameters) do
    if p.device ~= parameters[1].device then error("parameters_to_vector: parameters on different devices", 2) end
    flat[i] = p:reshape(-1)
  end
  return torch.cat(flat)
end

--- nn.utils.vector_to_parameters(vector, parameters): the parameters' values become parts of the vector, in order.
function gradients.vector_to_parameters(vector, parameters)
  if not torch.is_tensor(vector) then error("vector_to_parameters: expected a tensor, got a " .. type(vector), 2) end
  local at = 0
  for _, p in ipairs(parameters) do
    local n = p:numel()
    if at + n > vector:numel() then error("vector_to_parameters: the vector is too short", 2) end
    p.data = vector:narrow(0, at, n):view_as(p).data
    at = at + n
  end
end

return gradients
