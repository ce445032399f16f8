local t = require "test"
local checkpoint = require "checkpoint"
local system = require "host.system"

local folder = system.temporary_folder "checkpoint"
local path = folder .. "/model.safetensors"

t.test("tensors of every shape and dtype come back as they were", function()
  local tensors = {
    ["encoder.0.weight"] = torch.randn(3, 4), bias = torch.randn(4, { dtype = "float64" }),
    steps = torch.tensor({ 7 }, { dtype = "int64" }):squeeze(0), empty = torch.empty(0, 3),
    mask = torch.tensor { true, false, true }, view = torch.randn(4, 3):t(),
  }
  checkpoint.save(path, tensors)
  local loaded = checkpoint.load(path)
  for name, tensor in pairs(tensors) do
    t.eq(loaded[name].dtype, tensor.dtype, name)
    t.ok(torch.equal(loaded[name], tensor), name)
  end
end)

t.test("a file cut short is refused by name", function()
  checkpoint.save(path, { a = torch.ones(10), b = torch.ones(10) })
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  for _, keep in ipairs { 4, 40, #text - 4 } do
    system.write_atomic(path, text:sub(1, keep))
    t.raises(function() checkpoint.load(path) end, "cut short")
  end
  t.raises(function() checkpoint.load(folder .. "/none") end, "No such file")
end)

system.remove(folder)
