--- torch.autograd.functional: products with derivatives and whole derivatives of a function of tensors, in reverse mode.
-- A function of one tensor takes and gives tensors; of a list of tensors it is called with them one by one, and lists
-- come back. torch.func has the same as transforms that nest.
local torch = require "torch"
local signature = require "torch.signature"
local is_tensor = require("host.tensor").is_tensor

local functional = {}

-- Own leaves for the inputs, so that nothing outside gets a gradient; with create_graph they stay joined to it.
local function leaves(inputs, create_graph)
  local list = {}
  for i, x in ipairs(is_tensor(inputs) and { inputs } or inputs) do
    if not is_tensor(x) then error(("input %d must be a tensor, got a %s"):format(i, type(x)), 0) end
    if create_graph and x.requires_grad then list[i] = x:view_as(x) else list[i] = x:detach():requires_grad_() end
  end
  return list
end

local function results(f, list, who)
  local out = { torch.enable_grad(f, unpack(list)) }
  if #out == 0 then error(who .. ": the function returned nothing", 0) end
  for i, y in ipairs(out) do
    if not is_tensor(y) then
      error(("%s: the function must return tensors, result %d is a %s"):format(who, i, type(y)), 0)
    end
  end
  return out
end

-- The vector v in the shape of `like`, or ones where like is a single number.
local function vectors(v, like, who)
  if v == nil then
    if #like ~= 1 or like[1]:numel() ~= 1 then
      error(who .. ": v must be given unless there is one result of a single element", 0)
    end
    return { torch.ones_like(like[1]) }
  end
  v = is_tensor(v) and { v } or v
  if #v ~= #like then error(("%s: v has %d tensors, %d are needed"):format(who, #v, #like), 0) end
  for i, x in ipairs(v) do
    if x.shape ~= like[i].shape then
      error(("%s: v has shape %s, the tensor it belongs to %s"):format(who, tostring(x.shape),
        tostring(like[i].shape)), 0)
    end
  end
  return v
end

-- Gradients of those outputs that have any; zeros for what is not used, which strict refuses.
local function gradients(outputs, inputs, directions, o, who)
  local used, weights = {}, {}
  for i, y in ipairs(outputs) do
    if y.requires_grad then used[#used + 1], weights[#weights + 1] = y, directions[i]
    elseif o.strict then error(("%s: result %d does not depend on the inputs; strict refuses that"):format(who,
      i - 1), 0) end
  end
  local grads = {}
  if #used > 0 then
    grads = { torch.autograd.grad(used, inputs, { grad_outputs = weights, retain_graph = o.retain or nil,
      create_graph = o.create, allow_unused = true }) }
  end
  for i, x in ipairs(inputs) do
    if not grads[i] and o.strict then
      error(("%s: the result does not depend on input %d; strict refuses that"):format(who, i - 1), 0)
    end
    grads[i] = grads[i] or torch.zeros_like(x)
  end
  return grads
end

local function plain(list, single, create_graph)
  for i, x in ipairs(list) do if not create_graph then list[i] = x:detach() end end
  return single and list[1] or list
end

--- torch.autograd.functional.vjp(f, inputs, v, {create_graph = false, strict = false}): f's result, and v times its
-- derivative.
-- @usage print(torch.autograd.functional.vjp(torch.exp, torch.zeros(2), torch.ones(2)))
functional.vjp = signature("vjp(func, inputs, v=nil, create_graph=false, strict=false)", function(f, inputs, v,
  create, strict)
  local list = leaves(inputs, create)
  local out = results(f, list, "vjp")
  local grads = gradients(out, list, vectors(v, out, "vjp"), { create = create, strict = strict }, "vjp")
  return plain(out, #out == 1, create), plain(grads, is_tensor(inputs), create)
end)

--- torch.autograd.functional.jvp(f, inputs, v, {create_graph = false, strict = false}): f's result, and its derivative
-- times v, by differentiating twice. torch.func.jvp does it in forward mode, and faster.
-- @usage print(torch.autograd.functional.jvp(torch.exp, torch.zeros(2), torch.ones(2)))
functional.jvp = signature("jvp(func, inputs, v=nil, create_graph=false, strict=false)", function(f, inputs, v,
  create, strict)
  local list = leaves(inputs, create)
  local out = results(f, list, "jvp")
  v = vectors(v, list, "jvp")
  local slopes = torch.enable_grad(function()
    local weights = {}
    for i, y in ipairs(out) do weights[i] = torch.zeros_like(y):requires_grad_() end
    local grads = gradients(out, list, weights, { create = true, strict = strict }, "jvp")
    return gradients(grads, weights, v, { create = create }, "jvp")
  end)
  return plain(out, #out == 1, create), plain(slopes, #out == 1, create)
end)

--- torch.autograd.functional.jacobian(f, inputs, {create_graph = false, strict = false, vectorize = false, strategy =
-- "reverse-mode"}): derivatives shaped as the result and then as the input; a list of lists (result, input) where there
-- are several of both.
-- @usage print(torch.autograd.functional.jacobian(torch.sin, torch.zeros(2)))
functional.jacobian = signature("jacobian(func, inputs, create_graph=false, strict=false, vectorize=false, strategy='reverse-mode')",
  function(f, inputs, create, strict, vectorize, strategy)
    if strategy ~= "reverse-mode" and strategy ~= "forward-mode" then
      error("jacobian: strategy must be 'reverse-mode' or 'forward-mode', got '" .. tostring(strategy) .. "'", 0)
    end
    if strategy == "forward-mode" and not vectorize then error("jacobian: forward-mode needs vectorize = true", 0) end
    local list = leaves(inputs, create)
    local out = results(f, list, "jacobian")
    local all = {}
    for r, y in ipairs(out) do
      local n = y:numel()
      local rows = torch.eye(n, { dtype = y.dtype, device = y.device }):view({ n, unpack(y.shape) })
      local columns
      if vectorize and n > 0 and y.requires_grad then
        columns = { torch.autograd.grad(y, list, { grad_outputs = rows, retain_graph = true, create_graph = create,
          allow_unused = true, is_grads_batched = true }) }
      else
        local stacked = {}
        for i = 1, n do
          for k, g in ipairs(gradients({ y }, list, { rows[i - 1] }, { create = create, strict = strict,
            retain = true }, "jacobian")) do
            stacked[k] = stacked[k] or {}
            stacked[k][i] = g
          end
        end
        columns = {}
        for k, x in ipairs(list) do
          columns[k] = n > 0 and torch.stack(stacked[k]) or torch.zeros({ 0, unpack(x.shape) }, { dtype = x.dtype })
        end
      end
      for k, x in ipairs(list) do
        local shape = {}
        for _, size in ipairs(y.shape) do shape[#shape + 1] = size end
        for _, size in ipairs(x.shape) do shape[#shape + 1] = size end
        columns[k] = columns[k]:reshape(shape)
      end
      all[r] = plain(columns, is_tensor(inputs), create)
    end
    return #out == 1 and all[1] or all
  end)

local function number(f, who)
  return function(...)
    local out = { f(...) }
    if #out ~= 1 or not is_tensor(out[1]) or out[1]:numel() ~= 1 then
      error(who .. ": the function must return a single number", 0)
    end
    return out[1]
  end
end

--- torch.autograd.functional.hessian(f, inputs, {...}): second derivatives of a function of one number.
-- @usage print(torch.autograd.functional.hessian(function(x) return (x ^ 3):sum() end, torch.ones(2)))
functional.hessian = signature("hessian(func, inputs, create_graph=false, strict=false, vectorize=false, outer_jacobian_strategy='reverse-mode')",
  function(f, inputs, create, strict, vectorize)
    local function first(...)
      local list = { ... }
      local y = number(f, "hessian")(...)
      local grads = gradients({ y:reshape({}) }, list, { torch.ones({}, { dtype = y.dtype, device = y.device }) },
        { create = true, strict = strict }, "hessian")
      return unpack(grads)
    end
    return functional.jacobian(first, inputs, create, strict, vectorize)
  end)

--- torch.autograd.functional.vhp(f, inputs, v, {...}): f's number, and v times its second derivatives.
-- @usage print(torch.autograd.functional.vhp(function(x) return (x ^ 3):sum() end, torch.ones(2), torch.ones(2)))
functional.vhp = signature("vhp(func, inputs, v=nil, create_graph=false, strict=false)", function(f, inputs, v,
  create, strict)
  local list = leaves(inputs, create)
  v = vectors(v, list, "vhp")
  local y, grads, products
  torch.enable_grad(function()
    y = number(f, "vhp")(unpack(list))
    grads = gradients({ y }, list, { torch.ones_like(y) }, { create = true, strict = strict }, "vhp")
    products = gradients(grads, list, v, { create = create, strict = strict }, "vhp")
  end)
  return plain({ y }, true, create), plain(products, is_tensor(inputs), create)
end)

--- torch.autograd.functional.hvp(f, inputs, v, {...}): f's number, and its second derivatives times v.
-- @usage print(torch.autograd.functional.hvp(function(x) return (x ^ 3):sum() end, torch.ones(2), torch.ones(2)))
functional.hvp = signature("hvp(func, inputs, v=nil, create_graph=false, strict=false)", function(f, inputs, v,
  create, strict)
  local list = leaves(inputs, create)
  v = vectors(v, list, "hvp")
  local y, products
  torch.enable_grad(function()
    y = number(f, "hvp")(unpack(list))
    local grads = gradients({ y }, list, { torch.ones_like(y) }, { create = true, strict = strict }, "hvp")
    local weights = {}
    for i, g in ipairs(grads) do weights[i] = torch.zeros_like(g):requires_grad_() end
    local twice = gradients(grads, list, weights, { create = true, strict = strict }, "hvp")
    products = gradients(twice, weights, v, { create = create }, "hvp")
  end)
  return plain({ y }, true, create), plain(products, is_tensor(inputs), create)
end)

return functional
