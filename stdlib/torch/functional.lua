--- Functions that PyTorch builds in Python: clipping, sampling, dtypes as functions.
local torch = require "torch"
local signature = require "torch.signature"

--- torch.normalize(x, {p=2, dim=1, eps=1e-12}): rows of unit length; torch.nn.functional.normalize.
-- @usage torch.normalize(torch.randn(4, 3))
torch.normalize = signature("normalize(input, p=2.0, dim=1, eps=1e-12, out=nil)", function(...)
  return require "nn.functional".normalize(...)
end)

--- Scales gradients in place so that their norm over all parameters is at most max_norm; returns the norm before.
-- @usage torch.clip_grad_norm_({ torch.ones(2, { requires_grad = true }) }, 1)
function torch.clip_grad_norm_(parameters, max_norm, norm_type)
  local grads = {}
  for _, p in ipairs(parameters) do if p.grad then grads[#grads + 1] = p.grad end end
  if #grads == 0 then return torch.zeros({}) end
  return torch.no_grad(function()
    local norms = torch._foreach_norm(grads, norm_type or 2)
    local total = torch.stack(norms):norm(norm_type or 2)
    local factor = (max_norm / (total + 1e-6)):clamp_max(1)
    torch._foreach_mul_(grads, factor)
    return total
  end)
end

--- torch.as_tensor(data, {dtype=, device=}), torch.asarray: a tensor of the data, or the tensor itself where nothing
-- changes.
-- @usage torch.as_tensor({ 1, 2, 3 })
function torch.as_tensor(data, options)
  options = options or {}
  if not torch.is_tensor(data) then return torch.tensor(data, options) end
  if not options.dtype and not options.device then return data end
  return data:to { dtype = options.dtype, device = options.device }
end
torch.asarray = torch.as_tensor

local ffi = require "ffi"
--- torch.frombuffer(buffer, {dtype=, count = -1, offset = 0}): a 1-dim tensor of the bytes of a string or of a cdata array.
-- A copy: it does not share memory with the buffer. count -1 takes all there are; offset counts bytes.
-- @usage print(torch.frombuffer("\1\2\3", { dtype = "uint8" }))
torch.frombuffer = signature("frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=false)", function(buffer,
  dtype, count, offset, requires_grad)
  if type(buffer) ~= "string" and type(buffer) ~= "cdata" then
    error("frombuffer: the buffer must be a string or a cdata array, got a " .. type(buffer), 0)
  end
  local size = type(buffer) == "string" and #buffer or ffi.sizeof(buffer)
  local width = torch.empty({ 0 }, { dtype = dtype }).itemsize
  if offset < 0 or offset >= size then
    error(("frombuffer: offset must lie in [0, %d], got %g"):format(size - 1, offset), 0)
  end
  if count < 0 then
    count = (size - offset) / width
    if count % 1 ~= 0 then error(("frombuffer: %d bytes are no whole number of %s"):format(size - offset, dtype), 0) end
  end
  if count * width > size - offset or count == 0 then
    error(("frombuffer: %d items of %s need %d bytes, there are %d"):format(count, dtype, count * width,
      size - offset), 0)
  end
  local x = torch.empty({ count }, { dtype = dtype })
  ffi.copy(x:data_ptr(), ffi.cast("const char*", buffer) + offset, count * width)
  if requires_grad then x.requires_grad = true end
  return x
end)
