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

-- The same value with every tensor in it, also in tables, replaced by f(tensor); tables by their keys in order.
local function map(value, f)
  if is_tensor(value) then return f(value) end
  if type(value) ~= "table" then return value end
  local out, keys = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end) -- in flatten's order
  for _, key in ipairs(keys) do out[key] = map(value[key], f) end
  return out
end

-- The tensors in a value, tables by their keys in order.
local function flatten(value, list)
  list = list or {}
  if is_tensor(value) then
    list[#list + 1] = value
  elseif type(value) == "table" then
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do flatten(value[key], list) end
  end
  return list
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
        if x.ndim == 0 then
          error(("vmap: argument %d is a 0-dim tensor: it has no dim to map over; torch.None in in_dims shares it"):format(i), 4)
        end
        local here = x:size(dim)
        if size and here ~= size then
          error(("vmap: argument %d has size %d in dim %d, the ones before %d"):format(i, here, dim, size), 4)
        end
        size = here
      end)
    end
    if not size then error("vmap: no argument is a tensor to map over", 2) end
    return host.vmap(size, o.randomness, function(level)
      for i = 1, n do
        arguments[i] = map_dims(arguments[i], dim_of(o.in_dims, i), function(x, dim) return host.hide(x, dim,
          level) end)
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
        error("grad: the function must return one number, a 0-dim tensor; got " .. (is_tensor(loss)
          and "shape " .. tostring(loss.shape) or type(loss)), 0)
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

--- torch.func.vjp(fn, ...): fn's results, and a function from gradients of them to the gradients of the arguments, which
-- may be tables of tensors. With a last argument {has_aux = true}, only the first result has a gradient; the others
-- come
-- after that function.
-- @usage local y, back = torch.func.vjp(torch.exp, torch.zeros(2)); print(back(torch.ones(2)))
function func.vjp(fn, ...)
  local n, arguments = select("#", ...), { ... }
  local last, has_aux = arguments[n], false
  if type(last) == "table" and last.has_aux ~= nil and next(last, next(last)) == nil then
    has_aux, arguments[n], n = last.has_aux, nil, n - 1
  end
  local chosen = {}
  for i = 1, n do chosen[i] = i end
  return differentiate(fn, chosen, arguments, n, function(outputs, inputs, unwrap)
    local ends, shown = {}, {}
    for i, y in ipairs(outputs) do
      if i == 1 or not has_aux then
        for _, item in ipairs(flatten(y)) do ends[#ends + 1] = item end
        shown[#shown + 1] = unwrap(y)
      end
    end
    shown[#shown + 1] = function(...)
      local weights = flatten { ... }
      if #weights ~= #ends then error(("vjp: %d gradients for %d results"):format(#weights, #ends), 2) end
      for i, y in ipairs(ends) do
        if weights[i].shape ~= y.shape then
          error(("vjp: gradient %d has shape %s, its result %s"):format(i, tostring(weights[i].shape),
            tostring(y.shape)), 2)
        end
      end
      local used, given = {}, {}
      for i, y in ipairs(ends) do if y.requires_grad then used[#used + 1], given[#given + 1] = y, weights[i] end end
      local grads = #used > 0 and gradients(used, inputs, given, true) or {}
      local out, at = {}, 0
      for i = 1, n do
        out[i] = map(arguments[i], function(x)
          at = at + 1
          return unwrap(grads[at] or torch.zeros_like(x))
        end)
      end
      return unpack(out, 1, n)
    end
    if has_aux then for i = 2, #outputs do shown[#shown + 1] = unwrap(outputs[i]) end end
    return unpack(shown)
  end)
end

-- fn's results and their derivatives in the direction of the tangents, two lists; further results where aux is set.
local function forward(fn, primals, tangents, aux)
  return host.jvp_layer(function(level)
    local duals = {}
    local function dual(x, slope)
      if is_tensor(x) then
        if not is_tensor(slope) then error("jvp: the tangents must have the primals' structure", 0) end
        if x.shape ~= slope.shape then
          error(("jvp: a tangent has shape %s, its primal %s"):format(tostring(slope.shape), tostring(x.shape)), 0)
        end
        return torch._make_dual(host.wrap(x, level, false), host.wrap(slope, level, false), 0)
      end
      if type(x) ~= "table" then return x end
      local out = {}
      for key, item in pairs(x) do out[key] = dual(item, slope[key]) end
      return out
    end
    for i, x in ipairs(primals) do duals[i] = dual(x, tangents[i]) end
    local outputs = { fn(unpack(duals)) }
    local results, slopes, more = {}, {}, {}
    for i, y in ipairs(outputs) do
      if aux and i > 1 then
        more[#more + 1] = map(y, function(t) return host.unwrap((torch._unpack_dual(t, 0)), level) end)
      else
        results[i] = map(y, function(t) return host.unwrap((torch._unpack_dual(t, 0)), level) end)
        slopes[i] = map(y, function(t)
          local value, slope = torch._unpack_dual(t, 0)
          return host.unwrap(slope or torch.zeros_like(value), level)
        end)
      end
    end
    return results, slopes, more
  end)
end

--- torch.func.jvp(fn, primals, tangents, {has_aux = false}): fn at the primals, and its derivative in the direction of the
-- tangents, in forward mode. For a function of several results, two lists.
-- @usage local y, slope = torch.func.jvp(torch.sin, { torch.zeros(2) }, { torch.ones(2) })
function func.jvp(fn, primals, tangents, options)
  local o = options_of(options, { has_aux = false }, "jvp")
  if #primals ~= #tangents then error(("jvp: %d primals, %d tangents"):format(#primals, #tangents), 2) end
  local results, slopes, more = forward(fn, primals, tangents, o.has_aux)
  if #results == 1 then return results[1], slopes[1], unpack(more) end
  return results, slopes
end

--- torch.func.linearize(fn, ...): fn's result at these arguments, and a function from tangents of them to its derivative.
-- @usage local y, slope = torch.func.linearize(torch.sin, torch.zeros(2)); print(slope(torch.ones(2)))
function func.linearize(fn, ...)
  local primals = { ... }
  local results = { fn(...) }
  local function slope(...)
    local _, slopes = forward(fn, primals, { ... }, false)
    return unpack(slopes)
  end
  results[#results + 1] = slope
  return unpack(results)
end

-- One basis vector a row, for each element of x.
local function basis(x)
  return torch.eye(x:numel(), { dtype = x.dtype, device = x.device }):view({ x:numel(), unpack(x.shape) })
end

local function joined(first, second)
  local shape = {}
  for _, list in ipairs { first, second } do for _, size in ipairs(list) do shape[#shape + 1] = size end end
  return shape
end

-- For each result a tensor or, where argnums is a list, a list of tensors; then what has_aux keeps.
local function shaped(columns, many, aux)
  local out = {}
  for r, row in ipairs(columns) do out[r] = many and row or row[1] end
  for _, item in ipairs(aux) do out[#out + 1] = item end
  return unpack(out)
end

--- torch.func.jacrev(fn, {argnums = 0, has_aux = false, chunk_size = nil}): a function that returns the matrix of
-- derivatives, shaped as fn's result and then as the argument, one backward for each element of the result, all in one
-- vmap. Several results give several matrices, a list of argnums a list of matrices for each.
-- @usage print(torch.func.jacrev(torch.sin)(torch.zeros(2)))
function func.jacrev(fn, options)
  local o = options_of(options, { argnums = 0, has_aux = false, chunk_size = torch.None }, "jacrev")
  local chosen, many = positions(o.argnums)
  return function(...)
    return differentiate(fn, chosen, { ... }, select("#", ...), function(outputs, inputs, unwrap)
      local columns, aux = {}, {}
      for r, y in ipairs(outputs) do
        if o.has_aux and r > 1 then
          aux[#aux + 1] = unwrap(y)
        else
          local rows
          if y:numel() > 0 and y.requires_grad then
            rows = { func.vmap(function(row) return unpack(gradients({ y }, inputs, { row }, true)) end)(basis(y)) }
          end
          columns[r] = {}
          for k, entry in ipairs(inputs) do
            local shape = joined(y.shape, entry[2].shape)
            columns[r][k] = unwrap(rows and rows[k]:reshape(shape) or torch.zeros(shape, { dtype = y.dtype,
              device = y.device }))
          end
        end
      end
      return shaped(columns, many, aux)
    end)
  end
end

--- torch.func.jacfwd(fn, {argnums = 0, has_aux = false, randomness = "error"}): the same in forward mode, one pass for each
-- element of the argument, all in one vmap: better for functions of few numbers with many results.
-- @usage print(torch.func.jacfwd(torch.sin)(torch.zeros(2)))
function func.jacfwd(fn, options)
  local o = options_of(options, { argnums = 0, has_aux = false, randomness = "error" }, "jacfwd")
  local chosen, many = positions(o.argnums)
  return function(...)
    local n, arguments = select("#", ...), { ... }
    local columns, aux = {}, {}
    for k, i in ipairs(chosen) do
      local x = arguments[i]
      if not is_tensor(x) then error(("jacfwd: argument %d is no tensor"):format(i - 1), 2) end
      local function of_one(value)
        local given = { unpack(arguments, 1, n) }
        given[i] = value
        return fn(unpack(given, 1, n))
      end
      local kept
      local slopes = { func.vmap(function(row)
        local _, slope, more = forward(of_one, { x }, { row }, o.has_aux)
        kept = more
        return unpack(slope)
      end, { randomness = o.randomness })(basis(x)) }
      aux = kept
      for r, slope in ipairs(slopes) do
        columns[r] = columns[r] or {}
        columns[r][k] = slope:movedim(0, -1):reshape(joined({ unpack(slope.shape, 2) }, x.shape))
      end
    end
    if o.has_aux then
      local outputs = { fn(unpack(arguments, 1, n)) } -- outside vmap, so that it can be used
      aux = { unpack(outputs, 2) }
    end
    return shaped(columns, many, aux or {})
  end
end

--- torch.func.hessian(fn, {argnums = 0}): second derivatives, forward mode over reverse mode.
-- @usage print(torch.func.hessian(function(x) return (x ^ 3):sum() end)(torch.ones(2)))
function func.hessian(fn, options)
  local o = options_of(options, { argnums = 0 }, "hessian")
  return func.jacfwd(func.jacrev(fn, o), o)
end

-- What works on modules is read when it is first used.
local of_modules = { functional_call = true, stack_module_state = true }
return setmetatable(func, {
  __index = function(_, name)
    if of_modules[name] and package.searchpath("nn.stateless", package.path) then
      func[name] = require("nn.stateless")[name]
    end
    return rawget(func, name)
  end,
  __names = function() return { "functional_call", "stack_module_state" } end, -- for completion at the prompt
})
