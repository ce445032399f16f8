--- torch.autograd.forward_ad: tangents that travel with their tensors.
local torch = require "torch"
local host = require "host.functorch"
local signature = require "torch.signature"

local forward = {}
local level = -1

--- torch.autograd.forward_ad.dual_level(fn, ...): fn(...), in which dual tensors can be made. They end with it.
-- @usage torch.autograd.forward_ad.dual_level(function() return torch.autograd.forward_ad.make_dual(torch.ones(1), torch.ones(1)):sin() end)
function forward.dual_level(fn, ...)
  local before = level
  local function done(ok, ...)
    level = before
    if not ok then error((...), 0) end
    return ...
  end
  return done(pcall(host.dual_level, function(now, ...)
    level = now
    return fn(...)
  end, ...))
end

--- torch.autograd.forward_ad.make_dual(x, tangent): a view of x that carries the tangent.
forward.make_dual = signature("make_dual(tensor, tangent, *, level=nil)", function(x, tangent, at)
  at = at or level
  if at < 0 then error("make_dual: dual tensors are made within forward_ad.dual_level(fn)", 0) end
  if not (x:is_floating_point() or x:is_complex()) then
    error("make_dual: tensors with tangents are floating or complex, got " .. x.dtype, 0)
  end
  return torch._make_dual(x, tangent, at)
end)

--- torch.autograd.forward_ad.unpack_dual(x): x and its tangent, nil where it has none.
forward.unpack_dual = signature("unpack_dual(tensor, *, level=nil)", function(x, at)
  at = at or level
  if at < 0 then return x, nil end
  return torch._unpack_dual(x, at)
end)

return forward
