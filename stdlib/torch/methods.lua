--- Methods of tensors that are no operators of ATen, or that PyTorch's Python layer widens.
local torch = require "torch"
local host = require "host.tensor"
local operators = require "host.operators"
local each_element = require "torch.elements"
local T = torch.Tensor

T.item, T.totable, T.data_ptr, T.free = host.item, host.totable, host.data_ptr, host.free

--- x:item64(): the exact value of an int64 tensor of one element as an int64 cdata, also beyond 2^53.
-- @usage print((torch.tensor(2 ^ 53, { dtype = "int64" }) + 1):item64())
function T.item64(x) return loadstring("return " .. host.item64(x) .. "LL")() end

--- x:keep(): outlives the scope it was made in. Returns x.
-- @usage local x = scope(function() return torch.ones(2):keep() end)
T.keep = host.keep

--- x:size() is the shape, x:size(dim) one of its sizes; dims count from 0, negative ones from the end.
-- @usage torch.ones(2, 3):size(-1)
function T.size(x, dim)
  if dim == nil then return x.shape end
  return host.size(x, dim)
end

local stride_of = operators.find("stride", true)
--- x:stride() is a table of the steps between neighbours in each dim, x:stride(dim) one of them.
-- @usage torch.ones(2, 3):stride(0)
function T.stride(x, dim)
  if dim ~= nil then return stride_of(x, dim) end
  local list = {}
  for d = 1, x.ndim do list[d] = stride_of(x, d - 1) end
  return torch.shape_of(list)
end

function T.dim(x) return x.ndim end
T.numel, T.nelement = host.numel, host.numel
torch.numel = host.numel
function T.element_size(x) return x.itemsize end

-- A device, a dtype or a tensor to be like; in any of these places a trailing table with keywords.
local to = operators.find("to", true)
local dtypes_of_words = { cpu = "device" }
local function is_device(text)
  return type(text) == "string" and (text:match "^cpu" or text:match "^cuda" or text:match "^meta")
end

--- x:to("cuda:0"), x:to("float64"), x:to("cpu", "float64"), x:to(other), x:to{device=, dtype=, non_blocking=, copy=}.
-- Returns x itself where nothing changes.
-- @usage torch.ones(2):to("float64")
function T.to(x, a, b, ...)
  if is_device(a) and type(b) ~= "string" and select("#", ...) == 0 and (b == nil or type(b) == "table") then
    local options = { device = a }
    for k, v in pairs(b or {}) do options[k] = v end
    return to(x, options)
  end
  if type(a) == "table" and a.dtype == nil and a.device == nil then
    if a.memory_format then
      local o = { dtype = x.dtype, device = x.device }
      for k, v in pairs(a) do o[k] = v end
      return to(x, o)
    end
    if next(a) == nil then return x end
  end
  if b == nil then return to(x, a) end
  return to(x, a, b, ...)
end

function T.cpu(x) return x:to "cpu" end
function T.cuda(x, device) return x:to(device and ("cuda:" .. device) or "cuda") end

for word, dtype in pairs { float = "float32", double = "float64", half = "float16", bfloat16 = "bfloat16",
  long = "int64",
  int = "int32", short = "int16", char = "int8", byte = "uint8", bool = "bool", cfloat = "complex64",
    cdouble = "complex128" } do
  T[word] = function(x) return to(x, dtype) end
end

--- x:type_as(y): x in y's dtype and on its device.
function T.type_as(x, y) return x:to { dtype = y.dtype, device = y.device } end

--- Iterates over dim 0: for i, row in x:iter() do ... end. i counts from 0, rows are views.
-- @usage for i, row in torch.ones(2, 3):iter() do print(i, row) end
function T.iter(x)
  if x.ndim == 0 then error("iter: a 0-dim tensor has no rows", 2) end
  local n, i = #x, -1
  return function()
    i = i + 1
    if i < n then return i, x[i] end
  end
end

function T.new_tensor(x, data, options)
  options = options or {}
  return torch.tensor(data, { dtype = options.dtype or x.dtype, device = options.device or x.device,
    requires_grad = options.requires_grad })
end

--- x:print() at full length.
function T.print(x) print(host.to_text(x, true)) end

--- x:type() is the dtype, x:type("float64") the tensor in that dtype.
-- @usage print(torch.ones(2):type()) -- float32
function T.type(x, dtype)
  if dtype == nil then return x.dtype end
  return x:to(dtype)
end

T.tolist = T.totable
T.ndimension = T.dim

-- Python's names for the operators of tensors, as PyTorch's references list them; x + y is the way to write it.
local bitwise = { __rand__ = torch.bitwise_and, __ror__ = torch.bitwise_or, __rxor__ = torch.bitwise_xor }
for name, call in pairs(bitwise) do T[name] = function(x, other) return call(x, other) end end
function T.__radd__(x, other) return torch.add(x, other) end
function T.__rmul__(x, other) return torch.mul(x, other) end
function T.__rsub__(x, other) return torch.rsub(x, other) end
function T.__rdiv__(x, other) return other * x:reciprocal() end
function T.__rpow__(x, other) return torch.pow(other, x) end
function T.__rmod__(x, other) return torch.remainder(other, x) end
function T.__rmatmul__(x, other) return torch.matmul(other, x) end
function T.__getitem__(x, key) return host.get_index(x, key) end

--- x:apply_(f): every element becomes f(element). Slow: for small tensors on the CPU.
-- @usage print(torch.ones(2):apply_(function(v) return v + 1 end))
function T.apply_(x, f)
  for _, element in ipairs(each_element(x:detach())) do element:fill_(f(element:item())) end
  return x
end

--- x:map_(y, f), x:map2_(y, z, f): every element becomes f of it and its peers in y (and z), which are broadcast.
function T.map_(x, y, f)
  local others = each_element(y:expand(x.shape))
  for i, element in ipairs(each_element(x:detach())) do element:fill_(f(element:item(), others[i]:item())) end
  return x
end
function T.map2_(x, y, z, f)
  local second, third = each_element(y:expand(x.shape)), each_element(z:expand(x.shape))
  for i, element in ipairs(each_element(x:detach())) do
    element:fill_(f(element:item(), second[i]:item(), third[i]:item()))
  end
  return x
end

--- x:dim_order(): the dims from the widest stride to the narrowest.
-- @usage print(torch.ones(2, 3):t():dim_order()) -- [1, 0]
function T.dim_order(x)
  local order, strides = {}, x:stride()
  for d = 1, x.ndim do order[d] = d - 1 end
  for i = 2, #order do -- few dims, and equal strides keep their order
    local k = i
    while k > 1 and strides[order[k] + 1] > strides[order[k - 1] + 1] do
      order[k], order[k - 1] = order[k - 1], order[k]
      k = k - 1
    end
  end
  return torch.shape_of(order)
end

T.const_data_ptr = T.data_ptr
function T.to_sparse_coo(x) return x:to_sparse() end
--- x:new(2, 3), x:new{1, 2}: a tensor of x's dtype and device, without values or from a table.
function T.new(x, first, ...)
  if type(first) == "table" then return x:new_tensor(first) end
  return x:new_empty(first == nil and { 0 } or { first, ... })
end
-- Memory of tensors is shared between threads already.
function T.share_memory_(x) return x end
function T.is_shared() return true end

-- What PyTorch asks of a tensor without calling an operator, so that it also works inside vmap.
local floating = { float32 = true, float64 = true, float16 = true, bfloat16 = true, float8_e4m3fn = true,
  float8_e4m3fnuz = true,
  float8_e5m2 = true, float8_e5m2fnuz = true, float8_e8m0fnu = true, float4_e2m1fn_x2 = true }
local complex = { complex32 = true, complex64 = true, complex128 = true }
local unsigned = { uint8 = true, uint16 = true, uint32 = true, uint64 = true, bool = true, quint8 = true }
function T.is_floating_point(x) return floating[x.dtype] or false end
function T.is_complex(x) return complex[x.dtype] or false end
function T.is_signed(x) return not unsigned[x.dtype] end
torch.is_floating_point, torch.is_complex, torch.is_signed = T.is_floating_point, T.is_complex, T.is_signed

--- x:conj(): the complex conjugate, a view; x itself where it is real.
-- @usage print(torch.ones(1):conj())
function T.conj(x)
  if not complex[x.dtype] then return x end
  if x.layout ~= "strided" then return torch.conj_physical(x) end
  return torch._conj(x)
end
torch.conj = T.conj
