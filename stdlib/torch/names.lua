--- Names that PyTorch keeps under torch: dtypes, layouts, memory formats and devices, which are strings here, and old
-- constructors by dtype.
local torch = require "torch"

local dtypes = [[float32 float64 float16 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex32 complex64 complex128
  float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2 bits8 bits16 bits1x8 bits2x4 bits4x2
  int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 uint6 uint7 qint8 quint8 qint32 quint4x2 quint2x4]]
for name in dtypes:gmatch "%S+" do torch[name] = name end
for _, name in ipairs { "strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged",
  "contiguous_format",
  "preserve_format", "channels_last", "channels_last_3d" } do
  torch[name] = name
end

-- torch.float is a dtype, as in x.dtype == torch.float, and torch.float(x) a function, as in PyTorch's references.
-- Strings
-- of Lua are both where the word names a method of tensors that converts.
local words = { float = "float32", double = "float64", half = "float16", bfloat16 = "bfloat16", long = "int64",
  int = "int32",
  short = "int16", char = "int8", byte = "uint8", bool = "bool", cfloat = "complex64", cdouble = "complex128",
    chalf = "complex32" }
local converts = {}
for word, dtype in pairs(words) do
  torch[word] = dtype
  converts[dtype] = word
end
getmetatable("").__call = function(text, x, ...)
  local word = converts[text]
  if not word or not torch.is_tensor(x) then
    error(("attempt to call a string value, '%s'"):format(#text > 40 and text:sub(1, 37) .. "..." or text), 2)
  end
  return x[word](x, ...)
end

torch.newaxis = torch.None

--- torch.Size{2, 3}: a shape, a table counted from 1.
-- @usage print(torch.Size { 2, 3 })
function torch.Size(list) return torch.shape_of({ unpack(list or {}) }) end

--- torch.device("cuda", 1) or torch.device("cuda:1"): the name of a device, checked.
-- @usage print(torch.device "cpu")
function torch.device(name, index)
  if index ~= nil then name = ("%s:%d"):format(name, index) end
  if type(name) == "number" then name = ("cuda:%d"):format(name) end
  if type(name) ~= "string" or not (name:match "^%l+$" or name:match "^%l+:%d+$") then
    error("device: a name such as 'cpu' or 'cuda:1', got " .. tostring(name), 2)
  end
  local kind = name:match "^%l+"
  if kind ~= "cpu" and kind ~= "cuda" and kind ~= "meta" then
    error(("device: unknown device '%s'%s"):format(name, require "language.nearest".did_you_mean(kind, { "cpu",
      "cuda", "meta" })), 2)
  end
  return name
end

-- torch.FloatTensor(2, 3), torch.LongTensor{1, 2}: PyTorch's old constructors.
for name, dtype in pairs { Float = "float32", Double = "float64", Half = "float16", BFloat16 = "bfloat16",
  Long = "int64", Int = "int32",
  Short = "int16", Char = "int8", Byte = "uint8", Bool = "bool" } do
  torch[name .. "Tensor"] = function(first, ...)
    if type(first) == "table" then return torch.tensor(first, { dtype = dtype }) end
    return torch.empty(first == nil and { 0 } or { first, ... }, { dtype = dtype })
  end
end

local titles = {}
for name, dtype in pairs { Float = "float32", Double = "float64", Half = "float16", BFloat16 = "bfloat16",
  Long = "int64", Int = "int32",
  Short = "int16", Char = "int8", Byte = "uint8", Bool = "bool" } do titles[dtype] = name end
--- torch.typename(x): "torch.FloatTensor" for a tensor, Lua's type for anything else.
-- @usage print(torch.typename(torch.ones(1)))
function torch.typename(x)
  if not torch.is_tensor(x) then return type(x) end
  return ("torch.%s%sTensor"):format(x.is_cuda and "cuda." or "", titles[x.dtype] or x.dtype)
end
function torch.is_storage() return false end

torch.spmm, torch.dsmm = torch.mm, torch.mm

--- torch.set_default_tensor_type("torch.DoubleTensor") or ("float64"): the old way to say torch.set_default_dtype.
function torch.set_default_tensor_type(name)
  for dtype, title in pairs(titles) do if name == "torch." .. title .. "Tensor" then name = dtype end end
  torch.set_default_dtype(name)
end
