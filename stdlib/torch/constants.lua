--- Numbers that PyTorch keeps under torch: constants, and the limits of dtypes.
local torch = require "torch"
local nearest = require "language.nearest"

torch.pi, torch.e, torch.inf, torch.nan = math.pi, math.exp(1), math.huge, 0 / 0

-- Bits, bits of the fraction, largest exponent.
local floating = { float16 = { 16, 10, 15 }, bfloat16 = { 16, 7, 127 }, float32 = { 32, 23, 127 }, float64 = { 64, 52, 1023 } }
local integral = { uint8 = { 8, 0 }, int8 = { 8, 7 }, int16 = { 16, 15 }, int32 = { 32, 31 } }

local function known(list, name, who)
  if list[name] then return list[name] end
  local names = {}
  for key in pairs(list) do names[#names + 1] = key end
  table.sort(names)
  error(("%s: no limits of '%s'%s (%s)"):format(who, tostring(name), nearest.did_you_mean(tostring(name), names), table.concat(names, ", ")), 3)
end

--- torch.finfo(dtype): bits, eps, min, max, tiny (the smallest normal number) of a floating dtype.
-- @usage print(torch.finfo("float32").eps)
function torch.finfo(dtype)
  dtype = torch.scalar_tensor(0, { dtype = dtype or torch.get_default_dtype() }).dtype -- "float" is float32
  local bits, fraction, exponent = unpack(known(floating, dtype, "finfo"))
  local eps = 2 ^ -fraction
  local max, tiny = (2 - eps) * 2 ^ exponent, 2 ^ (1 - exponent)
  return { dtype = dtype, bits = bits, eps = eps, max = max, min = -max, tiny = tiny, smallest_normal = tiny }
end

--- torch.iinfo(dtype): bits, min, max of an integral dtype; those of int64 are 64-bit integers.
-- @usage print(torch.iinfo("int8").max)
function torch.iinfo(dtype)
  dtype = torch.scalar_tensor(0, { dtype = dtype }).dtype
  if dtype == "int64" then return { dtype = dtype, bits = 64, min = -9223372036854775807LL - 1, max = 9223372036854775807LL } end
  local bits, sign = unpack(known(integral, dtype, "iinfo"))
  if sign == 0 then return { dtype = dtype, bits = bits, min = 0, max = 2 ^ bits - 1 } end
  return { dtype = dtype, bits = bits, min = -2 ^ sign, max = 2 ^ sign - 1 }
end
