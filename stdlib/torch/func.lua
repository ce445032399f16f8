--- torch.func: transforms of functions of tensors. vmap runs a function once for a batch; grad, vjp, jvp, jacrev and
-- hessian differentiate it. They nest: vmap(grad(f)) gives one gradient a sample.
local torch = require "torch"
local host = require "host.functorch"
local autograd = require "host.autograd"
local nearest = require "language.nearest"
local is_tensor = require "host.tensor".is_tensor

local func = {}

local function options_of(options, fallback, who)
  local known, out = {}, {}
  for key, value in pairs(fallback) do known[#known + 1], out[key] = key, value end
  for key, value in pairs(options or {}) do
    if fallback[key] == nil then
      error(("%s: unknown option '%s'%s"):format(who, tostring(key), nearest.did_you_mean(tostring(key), known)), 3)
    end
    out[key] = value
  end
  return out
end

-- The same value with every tensor in it, also in tables, replaced by f(tensor).
local function map(value, f)
  if is_tensor(value) then return f(value) end
  if type(value) ~= "table" then return value end
  local out = {}
  for key, item in pairs(value) do out[key] = map(item, f) end
  return out
end

-- dims is a number or torch.None for all of value, or a table of them in value's shape.
local function map_dims(value, dims, f)
  if is_tensor(value) then
    if dims == torch.None then return value end
    return f(value, dims)
  end
  if type(value) ~= "table" then return value end
  local out = {}
  for key, item in pairs(value) do out[key] = map_dims(item, type(dims) == "table" and dims[key] or dims, f) end
  return out
end

--- torch.func.vmap(fn, {in_dims = 0, out_dims = 0, randomness = "error"}): a function that calls fn once with that dim
-- of its tensors hidden, as if for each slice alone. in_dims: one dim for all arguments or a list, torch.None where an
-- argument is shared; out_dims likewise for results.
-- @usage local dot = torch.func.vmap(torch.dot); print(dot(torch.ones(3, 2), torch.ones(3, 2)))
function func.vmap(fn, options)
  local o = options_of(options, { in_dims = 0, out_dims = 0, randomness = "error" }, "vmap")
  return function(...)
    local n, arguments = select("#", ...), { ... }
    local function dim_of(dims, i) if type(dims) == "table" then return dims[i] end return dims end
    if type(o.in_dims) == "table" and #o.in_dims ~= n then
      error(("vmap: in_dims has %d items for %d arguments"):format(#o.in_dims, n), 2)
    end
    local size
    for i = 1, n do
      map_dims(arguments[i], dim_of(o.in_dims, i), function(x, dim)
        if x.ndim == 0 then error(("vmap: argument %d is a 0-dim tensor: it has no dim to map over; torch.None in in_dims shares it"):format(i), 4) end
        local here = x:size(dim)
        if size and here ~= size then error(("vmap: argument %d has size %d in dim %d, the ones before %d"):format(i, here, dim, size), 4) end
        size = here
      end)
    end
    if not size then error("vmap: no argument is a tensor to map over", 2) end
    return host.vmap(size, o.randomness, function(level)
      for i = 1, n do
        arguments[i] = map_dims(arguments[i], dim_of(o.in_dims, i), function(x, dim) return host.hide(x, dim, level) end)
      end
      local results = { fn(unpack(arguments, 1, n)) }
      for i, result in ipairs(results) do
        if not is_tensor(result) and type(result) ~= "table" then
          error(("vmap: the function must return tensors, result %d is a %s"):format(i, type(result)), 0)
        end
        results[i] = map_dims(result, dim_of(o.out_dims, i), function(x, dim) return host.show(x, dim, level, size) end)
      end
      return unpack(results)
    end)
  end
end

-- Which arguments a gradient is for: a number or a list of numbers, counted from 0 as in PyTorch.
local function positions(argnums)
  local list = type(argnums) == "table" and argnums or { argnums }
  local chosen = {}
  for i, position in ipairs(list) do chosen[i] = position + 1 end
  return chosen, type(argnums) == "table"
end

-- Runs fn in a gradient layer of its own; body(outputs, inputs, unwrap) gives what leaves it.
local function differentiate(fn, chosen, arguments, n, body)
  return host.grad_layer(function(level)
    local wanted, inputs = {}, {}
    for _, i in ipairs(chosen) do wanted[i] = true end
    for i = 1, n do
      arguments[i] = map(arguments[i], function(x)
        local wrapped = host.wrap(x, level, wanted[i])
        if wanted[i] then inputs[#inputs + 1] = { i, wrapped } end
        return wrapped
      end)
    end
    local function run() return { fn(unpack(arguments, 1, n)) } end
    local outputs = autograd.enable_grad(run)
    return body(outputs, inputs, function(x) return map(x, function(t) return host.unwrap(t, level) end) end)
  end)
end

local function gradients(outputs, inputs, grad_outputs, keep)
  local list = {}
  for i, entry in ipairs(inputs) do list[i] = entry[2] end
  local grads = autograd.grad(outputs, list, grad_outputs, keep, true, true)
  for i, x in ipairs(list) do if grads[i] == torch.None then grads[i] = torch.zeros_like(x) end end
  return grads
end

--- torch.func.grad_and_value(fn, {argnums = 0, has_aux = false}): a function that returns the gradient of fn's single
-- number with respect to argument argnums (counted from 0; a list for several, as several values), then that number
-- and, with has_aux, fn's further results.
-- @usage local slope, value = torch.func.grad_and_value(function(x) return x ^ 2 end)(torch.tensor(3))
function func.grad_and_value(fn, options)
  local o = options_of(options, { argnums = 0, has_aux = false }, "grad")
  local chosen = positions(o.argnums)
  return function(...)
    local n = select("#", ...)
    return differentiate(fn, chosen, { ... }, n, function(outputs, inputs, unwrap)
      local loss = outputs[1]
      if not is_tensor(loss) or loss.ndim > 0 then
        error("grad: the function must return one number, a 0-dim tensor; got " .. (is_tensor(loss) and "shape " .. tostring(loss.shape) or type(loss)), 0)
      end
      local grads = gradients({ loss }, inputs, nil, true)
      local out = {}
      for k, i in ipairs(chosen) do
        for j, entry in ipairs(inputs) do if entry[1] == i then out[k] = unwrap(grads[j]) end end
        if not out[k] then error(("grad: argument %d is no tensor"):format(i - 1), 0) end
      end
      out[#out + 1] = unwrap(loss)
      if o.has_aux then for i = 2, #outputs do out[#out + 1] = unwrap(outputs[i]) end end
      return unpack(out)
    end)
  end
end

--- torch.func.grad(fn, {argnums = 0, has_aux = false}): as grad_and_value without the value.
-- @usage print(torch.func.grad(torch.sin)(torch.tensor(0)))
function func.grad(fn, options)
  local both = func.grad_and_value(fn, options)
  local count = #positions((options or {}).argnums or 0)
  return function(...)
    local out = { both(...) }
    table.remove(out, count + 1)
    return unpack(out)
  end
end

--- torch.func.vjp(fn, ...): fn's result, and a function from a gradient of it to the gradients of the arguments.
-- @usage local y, back = torch.func.vjp(torch.exp, torch.zeros(2)); print(back(torch.ones(2)))
function func.vjp(fn, ...)
  local leaves, n = { ... }, select("#", ...)
  for i = 1, n do leaves[i] = leaves[i]:alias() if not leaves[i].requires_grad then leaves[i].requires_grad = true end end
  local outputs = { torch.enable_grad(fn, unpack(leaves, 1, n)) }
  local shown = {}
  for i, y in ipairs(outputs) do shown[i] = y:detach() end
  shown[#shown + 1] = function(...)
    local grads = autograd.grad(outputs, leaves, { ... }, true, false, true)
    for i, x in ipairs(leaves) do if grads[i] == torch.None then grads[i] = torch.zeros_like(x) end end
    return unpack(grads, 1, n)
  end
  return unpack(shown)
end

--- torch.func.jvp(fn, primals, tangents): fn at the primals, and its derivative in the direction of the tangents, in
-- forward mode. For a function of several results, two lists.
-- @usage local y, slope = torch.func.jvp(torch.sin, { torch.zeros(2) }, { torch.ones(2) })
function func.jvp(fn, primals, tangents)
  if #primals ~= #tangents then error(("jvp: %d primals, %d tangents"):format(#primals, #tangents), 2) end
  return host.dual_level(function(level)
    local duals = {}
    for i, x in ipairs(primals) do
      if x.shape ~= tangents[i].shape then
        error(("jvp: tangent %d has shape %s, its primal %s"):format(i, tostring(tangents[i].shape), tostring(x.shape)), 0)
      end
      duals[i] = torch._make_dual(x, tangents[i], level)
    end
    local results, slopes = { fn(unpack(duals)) }, {}
    for i, y in ipairs(results) do
      local value, slope = torch._unpack_dual(y, level)
      results[i], slopes[i] = value, slope or torch.zeros_like(value)
    end
    if #results == 1 then return results[1], slopes[1] end
    return results, slopes
  end)
end

--- torch.func.jacrev(fn, {argnums = 0}): a function that returns the matrix of derivatives, shaped as fn's result and
-- then as the argument, one backward for each element of the result, all in one vmap.
-- @usage print(torch.func.jacrev(torch.sin)(torch.zeros(2)))
function func.jacrev(fn, options)
  local o = options_of(options, { argnums = 0 }, "jacrev")
  local at = o.argnums + 1
  return function(...)
    local n, arguments = select("#", ...), { ... }
    return differentiate(fn, { at }, arguments, n, function(outputs, inputs, unwrap)
      local y, x = outputs[1], inputs[1][2]
      local rows = torch.eye(y:numel(), { dtype = y.dtype, device = y.device }):view(-1, unpack(y.shape))
      local jacobian = func.vmap(function(row) return gradients({ y }, inputs, { row }, true)[1] end)(rows)
      local shape = {}
      for _, size in ipairs(y.shape) do shape[#shape + 1] = size end
      for _, size in ipairs(x.shape) do shape[#shape + 1] = size end
      return unwrap(jacobian:reshape(shape))
    end)
  end
end

--- torch.func.hessian(fn, {argnums = 0}): second derivatives of a function of one number.
-- @usage print(torch.func.hessian(function(x) return (x ^ 3):sum() end)(torch.ones(2)))
function func.hessian(fn, options) return func.jacrev(func.grad(fn, options), options) end

return func
