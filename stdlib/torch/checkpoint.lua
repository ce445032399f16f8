--- Trading time for memory: what a function computes is not kept for the backward pass but computed again.
local torch = require "torch"
local host = require "host.autograd"
local is_tensor = require "host.tensor".is_tensor

local known = { use_reentrant = true, preserve_rng_state = true, determinism_check = true, context_fn = true,
  debug = true, early_stop = true }

-- The options in a last table whose keys are all options.
local function split(n, arguments)
  local last = arguments[n]
  if type(last) ~= "table" or next(last) == nil then return n, {} end
  for key in pairs(last) do if not known[key] then return n, {} end end
  return n - 1, last
end

-- Runs fn again where the random numbers stood at first, and puts them back.
local function with_random(state, fn)
  if not state then return fn() end
  local now = torch.get_rng_state()
  torch.set_rng_state(state)
  local function back(ok, ...)
    torch.set_rng_state(now)
    if not ok then error((...), 0) end
    return ...
  end
  return back(pcall(fn))
end

-- What the graph would keep of fn is left out and computed again, in the same order, when backward asks for it.
local function recomputed(fn, n, arguments, o)
  local random = o.preserve_rng_state ~= false and torch.get_rng_state()
  local count, shapes, kept = 0, {}, nil
  local function again()
    local list = {}
    with_random(random, function()
      torch.autograd.graph.saved_tensors_hooks(function(x)
        list[#list + 1] = x:detach()
        return #list
      end, function(i) return list[i] end, torch.enable_grad, fn, unpack(arguments, 1, n))
    end)
    if #list ~= count then
      error(("checkpoint: computed again, fn keeps %d tensors for backward, %d at first; it must compute the same"):format(#list, count), 0)
    end
    return list
  end
  return torch.autograd.graph.saved_tensors_hooks(function(x)
    count = count + 1
    shapes[count] = o.determinism_check ~= "none" and { x.shape, x.dtype, x.device } or false
    return count
  end, function(i)
    if not kept or kept[i] == nil then kept = again() end
    local x, was = kept[i], shapes[i]
    kept[i] = nil -- its memory is wanted back; a second backward computes all again
    if was and (x.shape ~= was[1] or x.dtype ~= was[2] or x.device ~= was[3]) then
      error(("checkpoint: tensor %d computed again is %s %s, at first %s %s; fn must compute the same"):format(i,
        x.dtype, tostring(x.shape), was[2],
        tostring(was[1])), 0)
    end
    return x
  end, fn, unpack(arguments, 1, n))
end

--- torch.checkpoint(fn, ..., {use_reentrant = false, preserve_rng_state = true, determinism_check = "default"}): fn(...),
-- whose intermediate tensors are not kept but computed again in the backward pass, with the same random numbers.
-- Also as
-- torch.utils.checkpoint.checkpoint. use_reentrant = true differentiates within backward, PyTorch's older way: it needs
-- an argument that requires a gradient or parameters inside, and works with x:backward() only.
-- @usage local x = torch.ones({ 2 }, { requires_grad = true }); torch.checkpoint(function(x) return x:exp():sin() end, x):sum():backward()
function torch.checkpoint(fn, ...)
  local arguments = { ... }
  local n, o = split(select("#", ...), arguments)
  if not torch.is_grad_enabled() then return fn(unpack(arguments, 1, n)) end
  if not o.use_reentrant then return recomputed(fn, n, arguments, o) end
  local random = o.preserve_rng_state ~= false and torch.get_rng_state()
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
      local outputs = { with_random(random, function() return torch.enable_grad(fn, unpack(leaves, 1, n)) end) }
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

local utils = { checkpoint = torch.checkpoint }

--- torch.utils.checkpoint.checkpoint_sequential({f, g, ...}, segments, x, {...}): f, then g, and so on, cut into that many
-- parts of which all but the last are checkpointed.
-- @usage torch.utils.checkpoint.checkpoint_sequential({ torch.sin, torch.exp }, 2, torch.ones({ 1 }, { requires_grad = true }))
function utils.checkpoint_sequential(functions, segments, input, options)
  local n = #functions
  if segments < 1 or segments > n then
    error(("checkpoint_sequential: segments must lie in [1, %d], got %g"):format(n, segments), 2)
  end
  local size = math.floor(n / segments)
  local function part(first, last)
    return function(x)
      for i = first, last do x = functions[i](x) end
      return x
    end
  end
  for k = 0, segments - 2 do
    input = torch.checkpoint(part(k * size + 1, (k + 1) * size), input, options or { use_reentrant = false })
  end
  return part((segments - 1) * size + 1, n)(input)
end

torch.utils = { checkpoint = utils }
