-- Safetensors files from Lua: the functions of Python's safetensors.torch.
local t = require "test"
local safetensors = require "safetensors"
local system = require "host.system"

local folder = system.temporary_folder "safetensors"
local path = folder .. "/model.safetensors"

local function read(file)
  local handle = assert(io.open(file, "rb"))
  local text = handle:read "*a"
  handle:close()
  return text
end

t.test("a file and a string hold the same, in Python's bytes", function()
  local tensors = { w = torch.arange(6):reshape(2, 3):to "bfloat16", n = torch.tensor(7, { dtype = "int64" }), e = torch.empty(0, 2) }
  safetensors.save_file(tensors, path, { metadata = { format = "pt" } })
  local header = '{"__metadata__":{"format":"pt"},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},'
    .. '"e":{"dtype":"F32","shape":[0,2],"data_offsets":[8,8]},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[8,20]}}'
  t.eq(read(path):sub(9, 8 + #header), header)
  t.eq(safetensors.save(tensors, { metadata = { format = "pt" } }), read(path))
  for _, loaded in ipairs { safetensors.load_file(path), safetensors.load(read(path)) } do
    for name, tensor in pairs(tensors) do
      t.eq(loaded[name].dtype, tensor.dtype, name)
      t.eq(loaded[name].shape, tensor.shape, name)
      t.ok(torch.equal(loaded[name], tensor), name)
    end
  end
end)

t.test("a loaded tensor may be trained; the file stays as it is", function()
  safetensors.save_file({ w = torch.ones(3) }, path)
  local before = read(path)
  local w = safetensors.load_file(path).w
  w:requires_grad_(true)
  w:sum():backward()
  torch.no_grad(function() w:sub_(w.grad) end)
  t.eq(w:totable(), { 0, 0, 0 })
  t.eq(read(path), before)
  safetensors.save_file({ w = w }, path)
  t.eq(safetensors.load_file(path).w:totable(), { 0, 0, 0 })
end)

t.test("a file is opened once and read by tensor and slice", function()
  local w = torch.arange(12):reshape(4, 3):to "float32"
  safetensors.save_file({ w = w, b = torch.ones(2, { dtype = "float64" }) }, path, { metadata = { step = "3" } })
  local file = safetensors.safe_open(path)
  t.eq(file:keys(), { "b", "w" })
  t.eq(file:offset_keys(), { "b", "w" })
  t.eq(file:metadata(), { step = "3" })
  t.eq(file:get_tensor "b":totable(), { 1, 1 })
  local slice = file:get_slice "w"
  t.eq(slice:get_shape(), { 4, 3 })
  t.eq(slice:get_dtype(), "F32")
  t.eq(slice["1:3, ::2"]:totable(), { { 3, 5 }, { 6, 8 } })
  t.eq(slice[-1]:totable(), { 9, 10, 11 })
  t.eq(tostring(slice), "slice of 'w'")
  t.raises(function() return slice[4] end, "out of range")
  t.raises(function() return file:get_tensor "v" end, path .. ": no tensor 'v'")
  t.raises(function() return file:get_slice "ww" end, "did you mean 'w'?")
end)

t.test("a model in parts is loaded by its index", function()
  safetensors.save_file({ a = torch.ones(2) }, folder .. "/m-00001-of-00002.safetensors")
  safetensors.save_file({ b = torch.zeros(2) }, folder .. "/m-00002-of-00002.safetensors")
  local index = folder .. "/m.safetensors.index.json"
  system.write_atomic(index, '{"metadata":{"total_size":16},"weight_map":{"a":"m-00001-of-00002.safetensors",'
    .. '"b":"m-00002-of-00002.safetensors"}}')
  local model = safetensors.load_file(index)
  t.eq({ model.a:totable(), model.b:totable() }, { { 1, 1 }, { 0, 0 } })
  system.write_atomic(index, '{"weight_map":{"a":"m-00002-of-00002.safetensors"}}')
  t.raises(function() safetensors.load_file(index) end, "m-00002-of-00002.safetensors: no tensor 'a'")
  system.write_atomic(index, '{"weight_map":{"a":"../m"}}')
  t.raises(function() safetensors.load_file(index) end, "a file beside the index")
end)

t.test("errors name the file, the offence and the script's line", function()
  local script = assert(loadstring("\n" .. [[local safetensors, path = ...; safetensors.load_file(path)]], "@script.lua"))
  local missing = folder .. "/none.safetensors"
  t.raises(function() script(safetensors, missing) end, "script.lua:2: " .. missing .. ": No such file or directory")
  t.raises(function() safetensors.load "garbage" end, "safetensors.load: no safetensors file, or cut short: 7 bytes")
  t.raises(function() safetensors.load_file(path, { devise = "cpu" }) end, "unknown option 'devise'; did you mean 'device'?")
  t.raises(function() safetensors.save_file({ w = 3 }, path) end, "got 3 under 'w'")
  t.raises(function() safetensors.save_file({ torch.ones(2) }, path) end, "expected tensors by name")
  t.raises(function() safetensors.save { z = torch.ones(2, { dtype = "complex128" }) } end, "'z' is complex128, which the format lacks")
  t.raises(function() safetensors.save({}, { metadata = { step = 3 } }) end, "metadata holds strings")
  t.raises(function() safetensors.save_file({}, folder .. "/none/m") end, folder .. "/none/m: ")
end)

t.test("help knows the functions", function()
  t.ok(help.text(safetensors.load_file):find("model in several parts", 1, true))
end)

system.remove(folder)
