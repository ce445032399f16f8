--- torch.autograd and the modes around it.
local torch = require "torch"
local host = require "host.autograd"
local is_tensor = require("host.tensor").is_tensor
local T = torch.Tensor

torch.no_grad, torch.enable_grad, torch.inference_mode = host.no_grad, host.enable_grad, host.inference_mode
torch.is_grad_enabled = host.is_grad_enabled

local function known(options, names, who)
  for k in pairs(options) do
    if not names[k] then
      local list = {}
      for n in pairs(names) do list[#list + 1] = n end
      table.sort(list)
      error(("%s: unknown option '%s' (%s)"):format(who, tostring(k), table.concat(list, ", ")), 3)
    end
  end
end

--- loss:backward{gradient=, retain_graph=, create_graph=, inputs=}: adds d loss / d leaf to .grad of the leaves.
-- @usage local x = torch.ones(2, { requires_grad = true }); (x * x):sum():backward(); print(x.grad)
function T.backward(x, options)
  if is_tensor(options) then options = { gradient = options } end
  options = options or {}
  known(options, { gradient = true, retain_graph = true, create_graph = true, inputs = true }, "backward")
  host.backward({ x }, options.gradient and { options.gradient }, options.retain_graph, options.create_graph, options.inputs)
end

--- x:requires_grad_(flag): x records what is computed from it. Returns x.
function T.requires_grad_(x, flag)
  x.requires_grad = flag ~= false
  return x
end

--- x:register_hook(f): f(grad) runs on every gradient that arrives at x, and may return another. The handle's
-- :remove() ends it.
function T.register_hook(x, f)
  local number = host.register_hook(x, f)
  return { remove = function() if number then host.remove_hook(x, number) number = nil end end }
end

local autograd = {}
torch.autograd = autograd

--- torch.autograd.grad(outputs, inputs, {grad_outputs=, retain_graph=, create_graph=, allow_unused=}): one gradient for
-- each input, as several values; nil for an unused input where allow_unused is true.
-- @usage local x = torch.ones(2, { requires_grad = true }); local g = torch.autograd.grad((x * x):sum(), x)
function autograd.grad(outputs, inputs, options)
  options = options or {}
  known(options, { grad_outputs = true, retain_graph = true, create_graph = true, allow_unused = true }, "torch.autograd.grad")
  local grads = host.grad(outputs, inputs, options.grad_outputs, options.retain_graph, options.create_graph, options.allow_unused)
  local n = #grads
  for i = 1, n do if grads[i] == torch.None then grads[i] = nil end end
  return unpack(grads, 1, n)
end

--- torch.autograd.backward({a, b}, {gradient of a, gradient of b}, {retain_graph=, create_graph=, inputs=}): backward of
-- several tensors at once; the gradients may be left out for single numbers.
-- @usage local x = torch.ones(2, { requires_grad = true }); torch.autograd.backward({ x:sum(), (x * x):sum() })
function autograd.backward(tensors, gradients, options)
  if type(gradients) == "table" and next(gradients) ~= nil and #gradients == 0 then gradients, options = nil, gradients end
  options = options or {}
  known(options, { retain_graph = true, create_graph = true, inputs = true, grad_tensors = true }, "torch.autograd.backward")
  host.backward(tensors, gradients or options.grad_tensors, options.retain_graph, options.create_graph, options.inputs)
end

local context = {}
context.__index = function(ctx, key)
  if key == "saved_tensors" then return rawget(ctx, "_saved") or {} end
  return context[key]
end
--- ctx:save_for_backward(a, b, ...): what ctx.saved_tensors holds in backward.
function context:save_for_backward(...) rawset(self, "_saved", { ... }) end

--- torch.autograd.fn{ forward = function(ctx, x...) end, backward = function(ctx, grad...) end }: a function with its
-- own gradient, called as f(x...).
-- @usage local double = torch.autograd.fn { forward = function(ctx, x) return x * 2 end, backward = function(ctx, g) return g * 2 end }
function autograd.fn(definition)
  known(definition, { forward = true, backward = true }, "torch.autograd.fn")
  local forward, backward = definition.forward, definition.backward
  if type(forward) ~= "function" or type(backward) ~= "function" then
    error("torch.autograd.fn: give forward and backward as functions", 2)
  end
  return function(...) return host.custom(forward, backward, setmetatable({}, context), ...) end
end

--- torch.autograd.gradcheck(f, inputs, {eps=1e-6, atol=1e-5, rtol=1e-3}): compares gradients with central differences
-- (float64 inputs that require gradients). True, or an error that names the input and the largest difference.
-- @usage torch.autograd.gradcheck(torch.tanh, { torch.randn(3, { dtype = "float64", requires_grad = true }) })
function autograd.gradcheck(f, inputs, options)
  options = options or {}
  known(options, { eps = true, atol = true, rtol = true }, "torch.autograd.gradcheck")
  local eps, atol, rtol = options.eps or 1e-6, options.atol or 1e-5, options.rtol or 1e-3
  for i, x in ipairs(inputs) do
    if x.requires_grad and x.dtype ~= "float64" then
      error(("gradcheck: input %d is %s; finite differences need float64"):format(i, x.dtype), 2)
    end
  end
  local out = f(unpack(inputs))
  local weight = torch.randn(out.shape, { dtype = out.dtype, device = out.device }) -- a random direction of the output
  local wanted = {}
  for _, x in ipairs(inputs) do if x.requires_grad then wanted[#wanted + 1] = x end end
  local analytic = { autograd.grad((out * weight):sum(), wanted, { allow_unused = true }) }
  for k, x in ipairs(wanted) do
    local flat = x:detach():view(-1)
    local numeric = torch.zeros_like(flat)
    for i = 0, x:numel() - 1 do
      local value = flat[i]:item()
      local function at(v)
        flat[i] = v
        return torch.no_grad(function() return (f(unpack(inputs)) * weight):sum():item() end)
      end
      local plus, minus = at(value + eps), at(value - eps)
      flat[i] = value
      numeric[i] = (plus - minus) / (2 * eps)
    end
    local exact = analytic[k] and analytic[k]:reshape(-1) or torch.zeros_like(flat)
    local off = (exact - numeric):abs() - (rtol * numeric:abs() + atol)
    if off:max():item() > 0 then
      local worst = (exact - numeric):abs():argmax():item()
      error(("gradcheck: input %d, element %d: gradient %g, finite differences %g"):format(k, worst, exact[worst]:item(), numeric[worst]:item()), 2)
    end
  end
  return true
end
