--- Trading time for memory: what a function computes is not kept for the backward pass but computed again.
local torch = require "torch"
local host = require "host.autograd"
local is_tensor = require "host.tensor".is_tensor

--- torch.checkpoint(fn, ...): fn(...), whose intermediate tensors are freed and computed again in the backward pass,
-- with the same random numbers. Also as torch.utils.checkpoint.checkpoint.
-- @usage local x = torch.ones({ 2 }, { requires_grad = true }); torch.checkpoint(function(x) return x:exp():sin() end, x):sum():backward()
function torch.checkpoint(fn, ...)
  if not torch.is_grad_enabled() then return fn(...) end
  local n, arguments = select("#", ...), { ... }
  local random = torch.get_rng_state()
  local again = torch.autograd.fn {
    forward = function() return fn(unpack(arguments, 1, n)) end,
    backward = function(_, ...)
      local grads, leaves = { ... }, {}
      for i = 1, n do
        local x = arguments[i]
        if is_tensor(x) then
          leaves[i] = x:detach()
          if x.requires_grad then leaves[i].requires_grad = true end
        else
          leaves[i] = x
        end
      end
      local now = torch.get_rng_state()
      torch.set_rng_state(random)
      local outputs = { torch.enable_grad(fn, unpack(leaves, 1, n)) }
      torch.set_rng_state(now)
      local ends, weights = {}, {}
      for i, y in ipairs(outputs) do
        if is_tensor(y) and y.requires_grad and grads[i] then ends[#ends + 1], weights[#weights + 1] = y, grads[i] end
      end
      if #ends > 0 then host.backward(ends, weights) end -- also into the parameters that fn uses
      local back, count = {}, 1 -- the first is the anchor's
      for i = 1, n do
        if is_tensor(arguments[i]) then
          count = count + 1
          back[count] = leaves[i].requires_grad and leaves[i].grad or nil
        end
      end
      return unpack(back, 1, count)
    end,
  }
  -- the anchor makes the result part of the graph also where only fn's own parameters are trained
  local tensors = { torch.empty({ 0 }, { requires_grad = true }) }
  for i = 1, n do if is_tensor(arguments[i]) then tensors[#tensors + 1] = arguments[i] end end
  return again(unpack(tensors))
end

torch.utils = { checkpoint = { checkpoint = torch.checkpoint } }
