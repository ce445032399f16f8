--- torch.autograd.gradcheck and gradgradcheck: gradients against finite differences.
--
-- A complex number counts as its two real parts, in results and in inputs: every derivative compared is a real one.
local elements = require "torch.elements"
local torch = require "torch"
local signature = require "torch.signature"
local is_tensor = require("host.tensor").is_tensor

local checks = {}

local function differentiable(x) return is_tensor(x) and (x:is_floating_point() or x:is_complex()) end
local function parts_of(x) return x:is_complex() and torch.view_as_real(torch.resolve_conj(x)) or x end

local function list_of(x) return is_tensor(x) and { x } or x end

-- The results of f that can have a gradient.
local function results_of(f, inputs)
  local list = {}
  for _, y in ipairs { f(unpack(inputs)) } do
    for _, item in ipairs(list_of(y)) do if differentiable(item) then list[#list + 1] = item end end
  end
  return list
end

-- d results / d parts of x by central differences: for each result a matrix (parts of x, parts of the result).
local function numeric(f, inputs, x, eps)
  local columns = {}
  torch.no_grad(function()
    local data = x:detach()
    if x:is_complex() then data = torch.view_as_real(data) end
    for i, element in ipairs(elements(data)) do
      local value = element:item()
      local function at(v)
        element:fill_(v)
        local out = results_of(f, inputs)
        for k, y in ipairs(out) do out[k] = parts_of(y):reshape(-1):clone() end
        return out
      end
      local plus, minus = at(value + eps), at(value - eps)
      element:fill_(value)
      for k in ipairs(plus) do
        columns[k] = columns[k] or {}
        columns[k][i] = (plus[k] - minus[k]) / (2 * eps)
      end
    end
  end)
  for k, rows in ipairs(columns) do columns[k] = torch.stack(rows) end
  return columns
end

-- The directions that pick one part of y each.
local function directions(y)
  local list = {}
  local n = y:numel()
  for i = 0, n - 1 do
    for _, weight in ipairs(y:is_complex() and { { 1, 0 }, { 0, 1 } } or { false }) do
      local d = torch.zeros({ n }, { dtype = y.dtype, device = y.device })
      if weight then torch.view_as_real(d)[i] = torch.tensor(weight, { dtype = parts_of(d).dtype,
        device = d.device }) else d[i] = 1 end
      list[#list + 1] = d:view(y.shape)
    end
  end
  return list
end

-- d y / d parts of x by backward: (parts of x, parts of y); `again` is the same computed twice.
local function backward(y, x, run)
  local columns = {}
  for i, direction in ipairs(directions(y)) do
    local g = y.requires_grad and run(y, x, direction) or nil
    if g and not g:is_complex() and x:is_complex() then g = g:to(x.dtype) end
    columns[i] = parts_of(g and g:to_dense() or torch.zeros_like(x)):reshape(-1)
  end
  if #columns == 0 then return torch.zeros({ parts_of(x):numel(), 0 }, { dtype = parts_of(x).dtype }) end
  return torch.stack(columns, 1)
end

-- d results / d parts of x in forward mode: as numeric.
local function forward(f, inputs, position, x)
  local columns = {}
  local ad = torch.autograd.forward_ad
  for i, direction in ipairs(directions(x)) do
    ad.dual_level(function()
      local given = { unpack(inputs) }
      given[position] = ad.make_dual(x:detach(), direction)
      for k, item in ipairs(given) do if k ~= position and is_tensor(item) then given[k] = item:detach() end end
      for k, y in ipairs(results_of(f, given)) do
        local value, tangent = ad.unpack_dual(y)
        columns[k] = columns[k] or {}
        columns[k][i] = parts_of(tangent or torch.zeros_like(value)):reshape(-1):clone()
      end
    end)
  end
  for k, rows in ipairs(columns) do columns[k] = torch.stack(rows) end
  return columns
end

local function compare(exact, approximate, o, what)
  local off = (exact - approximate):abs() - (o.rtol * approximate:abs() + o.atol)
  local nan = exact:isnan():ne(approximate:isnan())
  if off:numel() == 0 or (off:nan_to_num(0):max():item() <= 0 and not nan:any():item()) then return end
  local worst = nan:any():item() and nan:reshape(-1):int():argmax() or (exact - approximate):abs():reshape(-1):argmax()
  local n = exact:size(1)
  local row, column = math.floor(worst:item() / n), worst:item() % n
  error(("gradcheck: %s, element %d of the input, %d of the result: gradient %g, finite differences %g"):format(what,
    row, column,
    exact[{ row, column }]:item(), approximate[{ row, column }]:item()), 0)
end

local function check(f, inputs, o)
  local wanted = {}
  for i, x in ipairs(inputs) do
    if is_tensor(x) and x.requires_grad then
      if x.dtype ~= "float64" and x.dtype ~= "complex128" then
        error(("gradcheck: input %d is %s; finite differences need float64 or complex128"):format(i, x.dtype), 0)
      end
      wanted[#wanted + 1] = i
    end
  end
  if #wanted == 0 then error("gradcheck: no input requires a gradient", 0) end
  local outputs
  local function run(y, x, direction)
    return (torch.autograd.grad(y, x, { grad_outputs = direction, retain_graph = true, allow_unused = true }))
  end
  for _, position in ipairs(wanted) do
    local x = inputs[position]
    local approximate = numeric(f, inputs, x, o.eps)
    outputs = results_of(f, inputs) -- again: the differences changed the inputs in place and back
    for k, y in ipairs(outputs) do
      local what = ("input %d%s"):format(position, #outputs > 1 and ", result " .. k or "")
      if o.check_backward_ad then
        local exact = backward(y, x, run)
        compare(exact, approximate[k], o, what)
        local again = backward(y, x, run)
        local apart = exact:numel() > 0 and (exact - again):abs():nan_to_num(0):max():item() or 0
        if apart > o.nondet_tol then
          error(("gradcheck: %s: backward gives another gradient the second time (%g apart); it is not deterministic"):format(what, apart), 0)
        end
        if o.check_grad_dtypes and y.requires_grad then
          local g = run(y, x, torch.ones_like(y))
          if g and g.dtype ~= x.dtype then
            error(("gradcheck: %s: the gradient is %s, the input %s"):format(what, g.dtype, x.dtype), 0)
          end
        end
        if o.check_batched_grad and y.requires_grad and #directions(y) > 0 then
          local batch = torch.stack(directions(y))
          local all = torch.autograd.grad(y, x, { grad_outputs = batch, retain_graph = true, allow_unused = true,
            is_grads_batched = true })
          if all then compare(parts_of(all):reshape({ batch:size(0), -1 }):t(), exact, o, what .. ", batched") end
        end
      end
    end
    if o.check_forward_ad then
      for k, exact in ipairs(forward(f, inputs, position, x)) do
        compare(exact, approximate[k], o, ("input %d%s, forward mode"):format(position, #outputs > 1
          and ", result " .. k or ""))
      end
    end
  end
  if o.check_undefined_grad and o.check_backward_ad then
    -- a gradient that is missing must count as zeros
    local list = {}
    for k, position in ipairs(wanted) do list[k] = inputs[position] end
    for _, y in ipairs(outputs) do
      if y.requires_grad and y.grad_fn then
        local zeros = torch.zeros_like(y)
        for _, g in ipairs { torch.autograd.grad(y, list, { grad_outputs = zeros, retain_graph = true,
          allow_unused = true, materialize_grads = true }) } do
          if g:to_dense():ne(0):any():item() then error("gradcheck: gradients of zero do not give zero", 0) end
        end
      end
    end
  end
  return true
end

local options = "eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=true, nondet_tol=0.0, check_undefined_grad=true, "
  .. "check_grad_dtypes=false, check_batched_grad=false, check_batched_forward_grad=false, check_forward_ad=false, "
  .. "check_backward_ad=true, fast_mode=false, masked=nil"

local function run(f, inputs, o)
  if o.raise_exception then return check(f, inputs, o) end
  local ok = pcall(check, f, inputs, o)
  return ok
end

--- torch.autograd.gradcheck(f, inputs, {eps=, atol=, rtol=, check_forward_ad=, ...}): compares every derivative with
-- central differences (float64 and complex128 inputs that require gradients; f may return several tensors). True, or an
-- error that names the input and the element; with raise_exception = false, false. fast_mode changes nothing here.
-- @usage torch.autograd.gradcheck(torch.tanh, { torch.randn(3, { dtype = "float64", requires_grad = true }) })
checks.gradcheck = signature("gradcheck(func, inputs, " .. options .. ")",
  function(f, inputs, eps, atol, rtol, raise, tolerance, undefined, dtypes, batched, _, forward_ad, backward_ad)
    return run(f, list_of(inputs), { eps = eps, atol = atol, rtol = rtol, raise_exception = raise,
      nondet_tol = tolerance,
      check_undefined_grad = undefined, check_grad_dtypes = dtypes, check_batched_grad = batched,
        check_forward_ad = forward_ad,
      check_backward_ad = backward_ad })
  end)

--- torch.autograd.gradgradcheck(f, inputs, grad_outputs, {...}): the same for second derivatives, in the directions
-- grad_outputs (random ones where they are not given).
-- @usage torch.autograd.gradgradcheck(torch.tanh, { torch.randn(3, { dtype = "float64", requires_grad = true }) })
checks.gradgradcheck = signature("gradgradcheck(func, inputs, grad_outputs=nil, eps=1e-6, atol=1e-5, rtol=1e-3, "
  .. "gen_non_contig_grad_outputs=false, raise_exception=true, nondet_tol=0.0, check_undefined_grad=true, check_grad_dtypes=false, "
  .. "check_batched_grad=false, check_fwd_over_rev=false, check_rev_over_rev=true, fast_mode=false, masked=false)",
  function(f, inputs, grad_outputs, eps, atol, rtol, scattered, raise, tolerance, undefined, dtypes, batched,
    forward_ad, backward_ad)
    inputs = list_of(inputs)
    if not grad_outputs then
      grad_outputs = {}
      for k, y in ipairs(results_of(f, inputs)) do
        local g = torch.randn(y.shape, { dtype = y.dtype, device = y.device })
        if scattered then g = torch.stack({ g, torch.zeros_like(g) }, -1):select(-1, 0) end
        grad_outputs[k] = g:requires_grad_()
      end
    end
    grad_outputs = list_of(grad_outputs)
    local n, all = #inputs, {}
    for i, x in ipairs(inputs) do all[i] = x end
    for k, g in ipairs(grad_outputs) do all[n + k] = g end
    local function gradients(...)
      return torch.enable_grad(function(...)
        local given, list, directions_given = {}, {}, {}
        for i = 1, n do
          local x = select(i, ...)
          if is_tensor(x) and inputs[i].requires_grad then
            x = x.requires_grad and x:view_as(x) or x:requires_grad_()
            list[#list + 1] = x
          end
          given[i] = x
        end
        local outputs, used = results_of(f, given), {}
        for k, y in ipairs(outputs) do
          if y.requires_grad then used[#used + 1], directions_given[#directions_given + 1] = y, (select(n + k, ...)) end
        end
        return torch.autograd.grad(used, list, { grad_outputs = directions_given, create_graph = true,
          allow_unused = true, materialize_grads = true })
      end, ...)
    end
    return run(gradients, all, { eps = eps, atol = atol, rtol = rtol, raise_exception = raise, nondet_tol = tolerance,
      check_undefined_grad = undefined, check_grad_dtypes = dtypes, check_batched_grad = batched,
        check_forward_ad = forward_ad,
      check_backward_ad = backward_ad })
  end)

return checks
