--- torch.autograd.graph: nodes of the graph and hooks on what it keeps.
local torch = require "torch"
local host = require "host.autograd"
local tensor = require "host.tensor"
local signature = require "torch.signature"

local graph = {}

--- torch.autograd.graph.saved_tensors_hooks(pack, unpack, fn, ...): fn(...), in which graphs keep pack(x) for each tensor
-- they save; unpack turns it into a tensor again when backward needs it.
-- @usage torch.autograd.graph.saved_tensors_hooks(function(x) return x:to "bfloat16" end, function(x) return x:to "float32" end, function() end)
function graph.saved_tensors_hooks(...) return host.saved_tensors_hooks(...) end

--- torch.autograd.graph.disable_saved_tensors_hooks(message, fn, ...): fn(...), in which such hooks raise the message.
-- @usage torch.autograd.graph.disable_saved_tensors_hooks("no hooks here", function() return torch.ones(1) end)
function graph.disable_saved_tensors_hooks(...) return host.disable_saved_tensors_hooks(...) end

--- torch.autograd.graph.save_on_cpu(fn, ...): fn(...), in which graphs keep their tensors in the CPU's memory. With
-- {pin_memory = true} first, in pinned memory.
-- @usage torch.autograd.graph.save_on_cpu(function() return torch.ones(2, { requires_grad = true }):exp() end)
function graph.save_on_cpu(options, ...)
  local pinned = type(options) == "table" and options.pin_memory
  local function run(fn, ...)
    return host.saved_tensors_hooks(function(x)
      if not pinned then return { x.device, x:cpu() } end
      local copy = torch.empty(x.shape, { dtype = x.dtype, layout = x.layout, pin_memory = torch.cuda.is_available()
        and x.layout == "strided" })
      return { x.device, copy:copy_(x) }
    end, function(packed) return packed[2]:to(packed[1], { non_blocking = pinned }) end, fn, ...)
  end
  if type(options) == "table" then return run(...) end
  return run(options, ...)
end

--- torch.autograd.graph.get_gradient_edge(x): {node = , output_nr = }, where x's gradient goes.
-- @usage print(torch.autograd.graph.get_gradient_edge(torch.ones(1, { requires_grad = true })).node)
function graph.get_gradient_edge(x)
  local node, number = host.gradient_edge(x)
  return { node = node, output_nr = number }
end

--- torch.autograd.graph.increment_version(x): counts a change in place that LibTorch did not see; also of a list.
-- @usage torch.autograd.graph.increment_version(torch.ones(2))
function graph.increment_version(x)
  for _, t in ipairs(tensor.is_tensor(x) and { x } or x) do host.increment_version(t) end
end

--- torch.autograd.graph.register_multi_grad_hook({a, b, ...}, f, {mode = "all"}): f(list of gradients) once all tensors
-- that take part in a backward pass have theirs (nil for those that do not); with mode "any", f(grad) at the first. The
-- handle's :remove() ends it.
-- @usage torch.autograd.graph.register_multi_grad_hook({ torch.ones(1, { requires_grad = true }) }, function(grads) end)
graph.register_multi_grad_hook = signature("register_multi_grad_hook(tensors, fn, *, mode='all')", function(tensors,
  fn, mode)
  if mode ~= "all" and mode ~= "any" then
    error("register_multi_grad_hook: mode must be 'all' or 'any', got '" .. tostring(mode) .. "'", 0)
  end
  local handles, grads, count = {}, {}, 0
  for i, x in ipairs(tensors) do
    handles[i] = x:register_hook(function(grad)
      count = count + 1
      if mode == "any" then
        if count == 1 then fn(grad) end
      else
        grads[i] = grad
        if count == #tensors then fn(grads) end
      end
      if count == #tensors then count, grads = 0, {} end
    end)
  end
  return { remove = function() for _, handle in ipairs(handles) do handle:remove() end end }
end)

return graph
