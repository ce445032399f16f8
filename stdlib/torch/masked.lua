--- torch.masked: reductions and normalisations over the elements where a mask is true, as if the others were not there.
-- @usage print(torch.masked.mean(torch.tensor { 1, 2, 9 }, { mask = torch.tensor { true, true, false } })) -- 1.5
local torch = require "torch"
local signature = require "torch.signature"
local aten = torch.ops.aten

local masked = {}

local limits = {
  uint8 = { 0, 255 }, int8 = { -128, 127 }, int16 = { -32768, 32767 }, int32 = { -2147483648, 2147483647 },
  int64 = { -9223372036854775807LL - 1, 9223372036854775807LL },
}

-- The least (1) and greatest (2) value of a dtype.
local function limit(input, which)
  if limits[input.dtype] then return limits[input.dtype][which] end
  if input.dtype == "bool" then error("masked: bool has no identity for this reduction", 0) end
  return which == 1 and -math.huge or math.huge
end

local function widened(mask, input)
  if mask.ndim > input.ndim then error(("masked: the mask has %d dims, its input %d"):format(mask.ndim, input.ndim), 0) end
  return mask:bool():expand(input.shape)
end

-- The input with `value` in all places that the mask leaves out.
local function filled(input, mask, value)
  if not mask then return input end
  return torch.where(widened(mask, input), input, torch.full({}, value, { dtype = input.dtype, device = input.device }))
end

-- All dims, or the given ones, from 0 and ascending.
local function canonical(dim, input)
  local list = {}
  if dim == nil or type(dim) == "table" and #dim == 0 then
    for i = 1, input.ndim do list[i] = i - 1 end
    return list
  end
  local n = math.max(input.ndim, 1)
  for i, d in ipairs(type(dim) == "table" and dim or { dim }) do
    if d < -n or d >= n then error(("masked: dim must lie in [%d, %d], got %d"):format(-n, n - 1, d), 0) end
    list[i] = d % n
  end
  table.sort(list)
  return list
end

local small = { uint8 = true, bool = true, int8 = true, int16 = true, int32 = true }
local function summed(input, dtype) return dtype or small[input.dtype] and "int64" or input.dtype end

local function declare(name, list, body) masked[name] = signature(name .. "(" .. list .. ")", body) end

declare("sum", "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
  return aten.sum(filled(input, mask, 0), canonical(dim, input), keepdim, { dtype = summed(input, dtype) })
end)
declare("prod", "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
  local out, dims = filled(input, mask, 1), canonical(dim, input)
  if #dims == 0 then return out:to(summed(input, dtype)) end
  for i = #dims, 1, -1 do out = aten.prod(out, dims[i], keepdim, { dtype = summed(input, dtype) }) end
  return out
end)
for name, which in pairs { amax = 1, amin = 2 } do
  local compute = aten[name]
  declare(name, "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
    return compute(filled(input, mask, mask and limit(input, which)), canonical(dim, input), keepdim):to(dtype or input.dtype)
  end)
end
for name, which in pairs { argmax = 1, argmin = 2 } do
  local compute = aten[name]
  declare(name, "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
    return compute(filled(input, mask, mask and limit(input, which)), dim, keepdim):to(dtype or input.dtype)
  end)
end
for name, identity in pairs { cumsum = 0, cumprod = 1 } do
  local compute = aten[name]
  declare(name, "input, dim, *, dtype=nil, mask=nil", function(input, dim, dtype, mask)
    return compute(filled(input, mask, identity), dim, { dtype = dtype or input.dtype })
  end)
end

local function count_of(input, dim, keepdim, mask)
  local all = mask and widened(mask, input) or torch.ones(input.shape, { dtype = "int64", device = input.device })
  return all:sum(canonical(dim, input), keepdim)
end

declare("mean", "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
  return masked.sum(input, dim, { keepdim = keepdim, dtype = dtype or input.dtype, mask = mask }) / count_of(input, dim, keepdim, mask)
end)

declare("median", "input, dim=-1, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
  local real = input:is_floating_point()
  local values = aten.nanmedian(filled(real and input or input:float(), mask, 0 / 0), dim, keepdim)
  if real then return values end
  if values:isnan():any():item() then error("masked.median: a row without any element has no median among integers", 0) end
  return values:to(dtype or input.dtype)
end)

local function variance(input, dim, unbiased, correction, keepdim, dtype, mask)
  if unbiased ~= nil and correction then error("masked: give unbiased or correction, one of them", 0) end
  correction = correction or unbiased == false and 0 or 1
  dtype = dtype or (input:is_floating_point() or input:is_complex()) and input.dtype or "float32"
  local mean = masked.sum(input, dim, { keepdim = true, dtype = dtype, mask = mask }) / count_of(input, dim, true, mask)
  local off = input - mean
  local total = masked.sum(off * off:conj(), dim, { keepdim = keepdim, dtype = dtype, mask = mask })
  local count = count_of(input, dim, keepdim, mask)
  if correction ~= 0 then
    local real = total:is_complex() and total:real().dtype or total.dtype
    count = (count:to(real) - correction):clamp_min(0)
  end
  return (total / count):to(dtype)
end
declare("var", "input, dim=nil, unbiased=nil, *, correction=nil, keepdim=false, dtype=nil, mask=nil", variance)
declare("std", "input, dim=nil, unbiased=nil, *, correction=nil, keepdim=false, dtype=nil, mask=nil", function(...) return variance(...):sqrt() end)

declare("norm", "input, ord=2, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, ord, dim, keepdim, dtype, mask)
  ord = ord or 2
  return aten.linalg_vector_norm(filled(input, mask, ord == -math.huge and math.huge or 0), ord, canonical(dim, input), keepdim, { dtype = dtype or input.dtype })
end)
declare("normalize", "input, ord, dim, *, eps=1e-12, dtype=nil, mask=nil", function(input, ord, dim, eps, dtype, mask)
  local length = masked.norm(input, ord, dim, { keepdim = true, dtype = dtype, mask = mask })
  return filled(input, mask, 0) / torch.maximum(length, length:new_full({}, eps))
end)

for name, which in pairs { softmax = 1, log_softmax = 1, softmin = 2 } do
  declare(name, "input, dim, *, dtype=nil, mask=nil", function(input, dim, dtype, mask)
    return torch.nn.functional[name](filled(input, mask, mask and limit(input, which)), dim, { dtype = dtype or input.dtype })
  end)
end
declare("logsumexp", "input, dim=nil, *, keepdim=false, dtype=nil, mask=nil", function(input, dim, keepdim, dtype, mask)
  return aten.logsumexp(filled(input, mask, mask and limit(input, 1)), canonical(dim, input), keepdim):to(dtype or input.dtype)
end)
declare("logaddexp", "input, other, *, dtype=nil, input_mask=nil, other_mask=nil", function(input, other, dtype, input_mask, other_mask)
  return aten.logaddexp(filled(input, input_mask, input_mask and limit(input, 1)), filled(other, other_mask, other_mask and limit(other, 1)))
    :to(dtype or input.dtype)
end)

return masked
