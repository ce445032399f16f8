--- torch.amp: mixed precision. Autocast picks dtypes by operator, a GradScaler keeps float16 gradients from vanishing.
local torch = require "torch"
local host = require "host.autocast"

local amp = { autocast = torch.autocast, GradScaler = require "torch.grad_scaler" }

--- torch.amp.is_autocast_available(device_type): whether autocast knows that kind of device.
-- @usage print(torch.amp.is_autocast_available("cpu"))
function amp.is_autocast_available(device) return host.available((tostring(device):match "^[^:]+")) end

local is_tensor = require "host.tensor".is_tensor

-- Floating tensors on a device, also in tables, as dtype.
local function cast(value, device, dtype)
  if is_tensor(value) then
    local here = value:is_floating_point() and value.device:match "^[^:]+" == device and value.dtype ~= "float64"
    return here and value:to(dtype) or value
  elseif type(value) ~= "table" or getmetatable(value) then
    return value
  end
  local out = {}
  for key, item in pairs(value) do out[key] = cast(item, device, dtype) end
  return out
end

--- torch.amp.custom_fwd(forward, {device_type=, cast_inputs=}): forward of a torch.autograd.fn that runs under the
-- autocast settings it was called in or, with cast_inputs, without autocast on inputs of that dtype.
-- Use torch.amp.custom_bwd on its backward.
function amp.custom_fwd(forward, options)
  local device, dtype = options.device_type, options.cast_inputs
  return function(ctx, ...)
    ctx.autocast_dtype = host.dtype(device)
    if not dtype then
      ctx.autocast = host.is_enabled(device)
      return forward(ctx, ...)
    end
    ctx.autocast = false
    if not host.is_enabled(device) then return forward(ctx, ...) end
    local n, arguments = select("#", ...), { ... }
    for i = 1, n do arguments[i] = cast(arguments[i], device, dtype) end
    return host.region(device, false, nil, nil, forward, ctx, unpack(arguments, 1, n))
  end
end

--- torch.amp.custom_bwd(backward, {device_type=}): backward under the settings that the forward had.
function amp.custom_bwd(backward, options)
  return function(ctx, ...)
    return host.region(options.device_type, ctx.autocast, ctx.autocast_dtype, nil, backward, ctx, ...)
  end
end

return amp
