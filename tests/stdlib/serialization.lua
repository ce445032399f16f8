-- torch.save and torch.load: what Python's containers are here, and that they go back as they came.
local t = require "test"
local here = debug.getinfo(1, "S").source:match "^@(.*)stdlib/[^/]*$"
local function fixture(name) return here .. "fixtures/torch/" .. name end

local S = torch.serialization
local path = os.tmpname()
local function again(value, options)
  torch.save(value, path, options)
  return torch.load(path)
end
local formats = { {}, { _use_new_zipfile_serialization = false } }

t.test("a state dict that Python wrote: order, views, Parameters, metadata", function()
  for _, name in ipairs { "state.pt", "state_legacy.pt" } do
    local state = torch.load(fixture(name))
    t.eq(S.kind(state), "OrderedDict")
    t.eq({ unpack(S.keys(state), 1, 4) }, { "weight", "grid", "turned", "half" })
    t.eq(state.weight:totable(), { { 0, 1, 2 }, { 3, 4, 5 } })
    t.eq({ state.weight.requires_grad, state.grid.requires_grad, state.half.dtype }, { true, false, "bfloat16" })
    state.grid["0, 1"] = 50
    t.eq(state.turned["1, 0"]:item(), 50)
    t.eq(state.weight["0, 1"]:item(), 1)
    t.eq(S.attributes(state)._metadata[""].version, 2)
  end
end)

t.test("nested values: None, integer keys, tuples, sets, sharing, cycles", function()
  local x = torch.load(fixture "nested.pt")
  t.eq({ x[1], x["1"] }, { "one", "text" })
  t.ok(x.a[1] == torch.None)
  t.eq(x.a[3], { 1, 2 })
  t.eq({ S.kind(x.a[3]), S.kind(x.a[4]), S.kind(x.a[5]), S.kind(x.size), S.kind(x.set) }, { "tuple", "list", "dict", "Size", "set" })
  t.eq(x.none, nil)
  t.eq(S.keys(x)[5], "none")
  t.ok(x.shared[1] == x.shared[2])
  t.ok(x.self == x)
  t.eq({ x.set[3], x.bytes, x.dtype, x.count.a }, { true, "\0\255", "float16", 2 })
  t.ok(x.big == 2LL ^ 60 + 1)
  t.eq({ x.huge.value, x.complex.re, x.complex.im }, { "-0x400000000000000000", 1, 2 })
end)

t.test("a value written and read twice is what it was", function()
  for _, options in ipairs(formats) do
    local x = again(torch.load(fixture "nested.pt"), options)
    t.eq(S.keys(x), S.keys(torch.load(fixture "nested.pt")))
    t.ok(x.self == x and x.shared[1] == x.shared[2])
    t.ok(x.big == 2LL ^ 60 + 1)
    t.eq({ x.huge.value, x.complex.im, S.kind(x.a[3]), S.kind(x.count), x.bytes }, { "-0x400000000000000000", 2, "tuple", "Counter", "\0\255" })
  end
end)

t.test("tables of Lua: lists, dicts, marks, numbers", function()
  for _, options in ipairs(formats) do
    local x = again({ list = { 1, 2.5, "a", torch.None, true }, [3] = "three", ["3"] = "text", empty = {},
      pair = S.tuple { 1, { 2 } }, none = torch.None, named = S.ordered({ b = 1, a = 2 }, { "b", "a" }), e = S.dict {} }, options)
    t.eq(x.list, { 1, 2.5, "a", torch.None, true })
    t.eq({ x[3], x["3"] }, { "three", "text" })
    t.eq({ S.kind(x.empty), S.kind(x.pair), S.kind(x.named), S.kind(x.e), S.kind(x) }, { "list", "tuple", "OrderedDict", "dict", "dict" })
    t.eq(S.keys(x.named), { "b", "a" })
    t.eq(x.none, nil)
    local names = {}
    for key, value in S.pairs(x) do
      names[#names + 1] = tostring(key)
      if key == "none" then t.ok(value == torch.None) end
    end
    t.eq(names, { "3", "3", "e", "empty", "list", "named", "none", "pair" })
  end
  t.eq(again(5), 5)
  t.eq(again(S.set { [1] = true, x = true }), { [1] = true, x = true })
end)

t.test("a key set or dropped after loading is seen by the next save", function()
  local x = again(S.ordered({ b = 1, a = 2, c = 3 }, { "c", "b", "a" }))
  x.b, x.z = nil, 9
  t.eq(S.keys(again(x)), { "c", "a", "z" })
end)

t.test("every dtype, views, sharing, layouts", function()
  for _, dtype in ipairs { "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64",
    "complex128", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2" } do
    local x = torch.tensor({ 0, 1, 2, 1 }):to(dtype)
    local y = again({ x })[1]
    t.eq({ y.dtype, y:to("complex128"):real():totable() }, { dtype, x:to("complex128"):real():totable() }, dtype)
  end
  for _, options in ipairs(formats) do
    local base = torch.arange(12)
    local x = again({ base:view(3, 4):t(), base["2:8:3"], torch.zeros(0, 3), torch.tensor(4), torch.eye(3):to_sparse() }, options)
    t.eq(x[1]:stride(), { 1, 4 })
    x[2][0] = 77
    t.eq(x[1]["2, 0"]:item(), 77)
    t.eq({ x[3].shape, x[4]:item(), x[5]:to_dense():totable() }, { { 0, 3 }, 4, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } })
    local p = torch.ones(2, { requires_grad = true })
    local q = again({ p, p }, options)
    t.ok(q[1].requires_grad and q[1].is_leaf and q[1] == q[2])
  end
  local mixed = torch.zeros(4)
  local z = again { mixed, mixed:view { dtype = "int32" } }
  z[1][0] = 1
  t.eq(z[2][0]:item(), 0x3f800000)
  t.raises(function() torch.save({ torch.ones(1):to "float8_e5m2" }, path, formats[2]) end, "write the zip format")
end)

t.test("mmap: the file stays as it is", function()
  local x = torch.load(fixture "state.pt", { mmap = true })
  x.grid:fill_(9)
  t.eq(torch.load(fixture "state.pt").grid["0, 0"]:item(), 0)
  t.eq(x.turned["0, 0"]:item(), 9)
end)

t.test("map_location: a device, a table, a function", function()
  t.raises(function() torch.load(fixture "cuda.pt") end, "cuda:0.*map_location")
  t.eq(torch.load(fixture "cuda.pt", { map_location = "cpu" }).grid.device, "cpu")
  t.eq(torch.load(fixture "cuda.pt", "cpu").grid.device, "cpu")
  t.eq(torch.load(fixture "cuda.pt", { map_location = "meta" }).grid.device, "meta")
  t.eq(torch.load(fixture "cuda.pt", { map_location = { ["cuda:0"] = "cpu" } }).grid.device, "cpu")
  local places = {}
  local x = torch.load(fixture "cuda.pt", { map_location = function(bytes, location)
    places[location] = (places[location] or 0) + 1
    return bytes
  end })
  t.eq(places, { ["cuda:0"] = 7 }) -- storages, not tensors: "turned" shares its own with "grid"
  x.grid["0, 1"] = 50
  t.eq(x.turned["1, 0"]:item(), 50)
  t.raises(function() torch.load(fixture "cuda.pt", { map_location = function() error "mine" end }) end, "mine")
  t.raises(function() torch.load(fixture "cuda.pt", { map_location = 3 }) end, "map_location must be")
end)

t.test("other classes: refused by name, or tables", function()
  t.raises(function() torch.load(fixture "namespace.pt") end, "argparse.Namespace")
  t.raises(function() torch.load(fixture "module.pt") end, "model.state_dict()")
  t.raises(function() torch.load(fixture "evil.pt") end, "posix.system")
  local x = torch.load(fixture "namespace.pt", { unknown = "table" })
  t.eq(x, { epoch = 3, args = { __class = "argparse.Namespace", lr = 0.1, name = "x", steps = { 1, 2 } } })
  local evil = torch.load(fixture "evil.pt", { weights_only = false })
  t.eq(evil.x, { __class = "posix.system", __arguments = { "echo pwned > pwned" } })
  t.eq(io.open "pwned", nil)
  t.eq(torch.load(fixture "module.pt", { unknown = "table" })._parameters.weight.shape, { 1, 2 })
end)

t.test("wrong arguments", function()
  t.raises(function() torch.load "/nowhere.pt" end, "/nowhere.pt: No such file")
  t.raises(function() torch.load(fixture "state.pt", { map_locatoin = "cpu" }) end, "did you mean 'map_location'")
  t.raises(function() torch.load(fixture "state.pt", { unknown = "run" }) end, "'table' or 'error'")
  t.raises(function() torch.load(3) end, "must be a string")
  t.raises(function() torch.save({ a = { print } }, path) end, "a function at a[1] cannot be written")
  t.raises(function() torch.save({ net = torch.nn.Linear(2, 2) }, path) end, "a model at net cannot be written whole")
  t.raises(function() torch.save({}, "/nowhere/x.pt") end, "/nowhere/x.pt: cannot be written: No such file")
  local deep = {}
  for _ = 1, 2000 do deep = { deep } end
  t.raises(function() torch.save(deep, path) end, "nested deeper")
end)

os.remove(path)

t.test("a model's state is written as an OrderedDict in PyTorch's order, and comes back into the model", function()
  local folder = require "host.system".temporary_folder "state"
  local model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
  torch.save(model:state_dict(), folder .. "/m.pth")
  local loaded = torch.load(folder .. "/m.pth")
  t.eq(torch.serialization.kind(loaded), "OrderedDict")
  t.eq(torch.serialization.keys(loaded), { "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
    "1.num_batches_tracked", "2.weight", "2.bias" })
  local other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
  t.eq(tostring(other:load_state_dict(loaded)), "all keys matched")
  t.ok(torch.equal(other[2].weight, model[2].weight))
end)
