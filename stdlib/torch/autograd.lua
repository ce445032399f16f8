--- torch.autograd and the modes around it.
local torch = require "torch"
local host = require "host.autograd"
local tensor = require "host.tensor"
local signature = require "torch.signature"
local T, is_tensor = torch.Tensor, tensor.is_tensor

--- torch.no_grad(fn, ...): fn(...) without recording for gradients; gives what fn gives.
-- @usage torch.no_grad(function() return torch.ones(2, { requires_grad = true }) * 2 end)
function torch.no_grad(...) return host.no_grad(...) end
--- torch.enable_grad(fn, ...): fn(...) with recording, also inside no_grad.
-- @usage torch.enable_grad(function() return torch.ones(2, { requires_grad = true }) * 2 end)
function torch.enable_grad(...) return host.enable_grad(...) end
--- torch.is_grad_enabled(): whether operators record for gradients now.
-- @usage print(torch.is_grad_enabled())
function torch.is_grad_enabled() return host.is_grad_enabled() end
torch.is_inference_mode_enabled = host.is_inference_mode_enabled

--- torch.inference_mode(fn, ...): fn(...) without recording anything for gradients, not even versions. With a boolean
-- first, torch.inference_mode(false, fn, ...), the mode is off within.
-- @usage torch.inference_mode(function() return torch.ones(2) * 2 end)
function torch.inference_mode(mode, ...)
  if mode == false then return host.no_inference_mode(...) end
  if mode == true then return host.inference_mode(...) end
  return host.inference_mode(mode, ...)
end

--- torch.set_grad_enabled(flag): records what follows, or not. With a function, torch.set_grad_enabled(flag, fn, ...),
-- only for what fn does.
-- @usage torch.set_grad_enabled(false, function() return torch.ones(2, { requires_grad = true }) * 2 end)
function torch.set_grad_enabled(flag, fn, ...)
  if fn == nil then return host.set_grad_enabled(flag) end
  return (flag and host.enable_grad or host.no_grad)(fn, ...)
end

local function list_of(x) return x ~= nil and (is_tensor(x) and { x } or x) or nil end

--- loss:backward{gradient=, retain_graph=, create_graph=, inputs=}: adds d loss / d leaf to .grad of the leaves.
-- @usage local x = torch.ones(2, { requires_grad = true }); (x * x):sum():backward(); print(x.grad)
T.backward = signature("backward(self, gradient=nil, retain_graph=nil, create_graph=false, inputs=nil)",
  function(x, gradient, retain, create, inputs) host.backward({ x }, gradient and { gradient }, retain, create,
    list_of(inputs)) end)

--- x:requires_grad_(flag): records what is computed from it. Returns x.
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

--- x:register_post_accumulate_grad_hook(f): f(x) runs after a gradient was added to x.grad; x is a leaf. The handle's
-- :remove() ends it.
-- @usage local x = torch.ones(2, { requires_grad = true }); x:register_post_accumulate_grad_hook(function(p) print(p.grad) end)
function T.register_post_accumulate_grad_hook(x, f) return host.after_accumulation(x, f) end

local autograd = {}
torch.autograd = autograd

-- The gradients as several values; nil for torch.None.
local function values(grads)
  local n = #grads
  for i = 1, n do if grads[i] == torch.None then grads[i] = nil end end
  return unpack(grads, 1, n)
end

--- torch.autograd.grad(outputs, inputs, {grad_outputs=, retain_graph=, create_graph=, allow_unused=, is_grads_batched=,
-- materialize_grads=}): one gradient for each input, as several values; nil for an unused input where allow_unused is
-- true, zeros with materialize_grads. With is_grads_batched the first dim of grad_outputs is a batch, in one vmap.
-- @usage local x = torch.ones(2, { requires_grad = true }); local g = torch.autograd.grad((x * x):sum(), x)
autograd.grad = signature("grad(outputs, inputs, grad_outputs=nil, retain_graph=nil, create_graph=false, allow_unused=nil, "
  .. "is_grads_batched=false, materialize_grads=false)",
  function(outputs, inputs, grad_outputs, retain, create, unused, batched, materialize)
    if materialize then
      if unused == false then error("grad: allow_unused must be true or left out with materialize_grads", 0) end
      unused = true
    end
    outputs, inputs, grad_outputs = list_of(outputs), list_of(inputs), list_of(grad_outputs)
    local function run(grads) return host.grad(outputs, inputs, grads, retain, create, unused) end
    local grads
    if batched then
      grads = { torch.func.vmap(function(...)
        local list = run { ... }
        for i = 1, #list do if list[i] == torch.None then list[i] = torch.zeros_like(inputs[i]) end end
        return unpack(list)
      end)(unpack(grad_outputs)) }
    else
      grads = run(grad_outputs)
    end
    if materialize then
      for i = 1, #inputs do if grads[i] == torch.None then grads[i] = torch.zeros_like(inputs[i]) end end
    end
    return values(grads)
  end)

--- torch.autograd.backward({a, b}, {gradient of a, gradient of b}, {retain_graph=, create_graph=, inputs=}): backward of
-- several tensors at once; the gradients may be left out for single numbers.
-- @usage local x = torch.ones(2, { requires_grad = true }); torch.autograd.backward({ x:sum(), (x * x):sum() })
autograd.backward = signature("backward(tensors, grad_tensors=nil, retain_graph=nil, create_graph=false, inputs=nil)",
  function(tensors, gradients, retain, create, inputs)
    host.backward(list_of(tensors), list_of(gradients), retain, create, list_of(inputs))
  end)

--- torch.autograd.set_detect_anomaly(flag, {check_nan = true}): while it is on, backward stops at the first nan, and what
-- fails there names the line of the forward that it belongs to. Slow: for finding a mistake. With a function,
-- torch.autograd.set_detect_anomaly(flag, fn, ...), for what fn does alone.
-- @usage torch.autograd.set_detect_anomaly(true, function() local x = torch.ones(1, { requires_grad = true }); (x * 2):sum():backward() end)
function autograd.set_detect_anomaly(flag, fn, ...)
  local options = type(fn) == "table" and fn or nil
  local before, checked = host.anomaly()
  host.anomaly(flag, not options or options.check_nan ~= false)
  if type(fn) ~= "function" then return end
  local function back(ok, ...)
    host.anomaly(before, checked)
    if not ok then error((...), 0) end
    return ...
  end
  return back(pcall(fn, ...))
end

--- torch.autograd.detect_anomaly(fn, ...): fn(...) in anomaly mode.
-- @usage torch.autograd.detect_anomaly(function() local x = torch.ones(1, { requires_grad = true }); (x * 2):sum():backward() end)
function autograd.detect_anomaly(...) return autograd.set_detect_anomaly(true, ...) end

function torch.is_anomaly_enabled() return (host.anomaly()) end
function torch.is_anomaly_check_nan_enabled() return (select(2, host.anomaly())) end
torch.set_anomaly_enabled = signature("set_anomaly_enabled(mode, check_nan=true)", function(mode,
  check_nan) host.anomaly(mode, check_nan) end)

autograd.no_grad, autograd.enable_grad, autograd.inference_mode = torch.no_grad, torch.enable_grad, torch.inference_mode
autograd.set_grad_enabled = torch.set_grad_enabled

-- Parts that are read when they are first used.
local parts = { fn = "custom", Function = "custom", once_differentiable = "custom", gradcheck = "gradcheck",
  gradgradcheck = "gradcheck" }
local modules = { functional = true, graph = true, forward_ad = true }
setmetatable(autograd, {
  __index = function(_, name)
    if modules[name] then autograd[name] = require("torch.autograd." .. name)
    elseif parts[name] then for key, value in pairs(require("torch.autograd." .. parts[name])) do autograd[key] = value end end
    return rawget(autograd, name)
  end,
  -- for completion at the prompt
  __names = function()
    local names = {}
    for _, list in ipairs { parts, modules } do for name in pairs(list) do names[#names + 1] = name end end
    return names
  end,
})
