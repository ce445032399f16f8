--- A model's weights in one file, in the safetensors format: an 8-byte length, a JSON header with name, dtype, shape and
-- place of every tensor, then the bytes. Written whole or not at all.
local ffi = require "ffi"
local system = require "host.system"

local checkpoint = {}

local names = { float32 = "F32", float64 = "F64", float16 = "F16", bfloat16 = "BF16", int64 = "I64", int32 = "I32",
                int16 = "I16", int8 = "I8", uint8 = "U8", bool = "BOOL" }
local dtypes = {}
for dtype, name in pairs(names) do dtypes[name] = dtype end

-- A tensor's bytes as a string.
local function bytes(tensor)
  local plain = tensor:detach():cpu():contiguous()
  return ffi.string(ffi.cast("const char*", plain:data_ptr()), plain:numel() * plain.itemsize), plain
end

--- Writes { name = tensor } to a file. Errors: the system's reason, a dtype the format lacks.
function checkpoint.save(path, tensors)
  local order, entries, parts, offset = {}, {}, {}, 0
  for name in pairs(tensors) do order[#order + 1] = name end
  table.sort(order)
  for i, name in ipairs(order) do
    local data, plain = bytes(tensors[name])
    local dtype = names[plain.dtype]
    if not dtype then error(("checkpoint: '%s' is %s, which safetensors lacks"):format(name, plain.dtype), 0) end
    local shape = {}
    for d = 1, plain.ndim do shape[d] = ("%d"):format(plain.shape[d]) end
    entries[i] = ('%q:{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'):format(name, dtype, table.concat(shape, ","),
      offset, offset + #data)
    parts[i], offset = data, offset + #data
  end
  local header = "{" .. table.concat(entries, ",") .. "}"
  header = header .. (" "):rep(-#header % 8)
  local length, size = {}, #header
  for i = 1, 8 do
    length[i] = string.char(size % 256)
    size = math.floor(size / 256)
  end
  local done, reason = system.write_atomic(path, table.concat(length) .. header .. table.concat(parts))
  if not done then error("checkpoint: " .. reason, 0) end
end

--- Reads { name = tensor } from a file that save wrote. Errors: not such a file, or one cut short, by name.
function checkpoint.load(path)
  local file, reason = io.open(path, "rb")
  if not file then error("checkpoint: " .. reason, 0) end
  local text = file:read "*a"
  file:close()
  local size = 0
  for i = math.min(8, #text), 1, -1 do size = size * 256 + text:byte(i) end
  if #text < 8 or size > #text - 8 or text:sub(9, 9) ~= "{" then
    error(("checkpoint: %s is no safetensors file, or it is cut short"):format(path), 0)
  end
  local header, tensors = text:sub(9, 8 + size), {}
  for name, dtype, dims, from, to in
    header:gmatch '"([^"]+)":{"dtype":"(%w+)","shape":%[([%d,]*)%],"data_offsets":%[(%d+),(%d+)%]}' do
    local shape = {}
    for dim in dims:gmatch "%d+" do shape[#shape + 1] = tonumber(dim) end
    from, to = tonumber(from), tonumber(to)
    local tensor = torch.empty(shape, { dtype = dtypes[dtype] })
    if 8 + size + to > #text or to - from ~= tensor:numel() * tensor.itemsize then
      error(("checkpoint: %s is cut short at '%s'"):format(path, name), 0)
    end
    ffi.copy(ffi.cast("char*", tensor:data_ptr()), ffi.cast("const char*", text) + 8 + size + from, to - from)
    tensors[name] = tensor
  end
  return tensors
end

return checkpoint
