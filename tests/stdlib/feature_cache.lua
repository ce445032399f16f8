-- Features of frozen encoders on the disk: what shares them, what damages them, who else writes them.
local t = require "test"
local system = require "host.system"
local data = require "host.data"
local encoder = require "encoder"
local program = require "tests.program"
require "nn"

local folder = system.temporary_folder "moonlab-features"
local old_home = os.getenv "MOONLAB_HOME"
local home = folder .. "/home"
local kept = home .. "/features"
system.set_environment("MOONLAB_HOME", home)

local SIDE, COUNT = 8, 70 -- more pictures than one batch
local function pictures()
  return data.from_tensors((torch.arange(COUNT * 3 * SIDE * SIDE) % 251):to("uint8"):view(COUNT, 3, SIDE, SIDE),
    torch.arange(COUNT) % 2, { name = "toy", class_names = { "a", "b" }, mean = { 0.5, 0.5, 0.5 }, deviation = { 0.2, 0.2, 0.2 } })
end

local SIZES = { patch = 4, layers = 1, heads = 2, width = 8 }
local function network(options)
  local all = {}
  for key, value in pairs(SIZES) do all[key] = value end
  for key, value in pairs(options) do all[key] = value end
  return vision.vit(all):build { image = { 3, SIDE, SIDE } }
end

torch.manual_seed(1)
local file = folder .. "/vit.pth"
do
  local state = network {}:state_dict()
  for name, value in state do if name:find "weight" then value:mul_(8) end end -- so that heads and eps matter
  torch.save(state, file)
end

-- As another process would ask: what this one remembers is forgotten.
local function features(options, normalise)
  package.loaded.feature_cache = nil
  options.weights, options.freeze = file, true
  local module = network(options)
  return encoder.loading(module, {}).features(pictures(), normalise ~= false), module
end

local function computed(module, normalise)
  module:eval()
  for batch in data.loader({ { pictures(), nil, normalise ~= false } }, { batch = COUNT, shuffle = false }):each(0) do
    return torch.no_grad(function() return module(batch.x) end)
  end
end

local function files()
  local list = {}
  for _, name in ipairs(system.list(kept) or {}) do list[#list + 1] = kept .. "/" .. name end
  return list
end

t.test("options that read equal weights otherwise have features of their own", function()
  local seen = {}
  for i, options in ipairs { {}, { heads = 4 }, { eps = 0.5 } } do
    local own, module = features(options)
    t.near(own, computed(module), 1e-5)
    for _, other in ipairs(seen) do t.ok(not own:equal(other), "case " .. i .. " has the features of another one") end
    seen[i] = own
    t.eq(#files(), i)
  end
  t.ok(features({}):equal(seen[1]), "the first ones were not found again")
  t.eq(#files(), 3)
  local plain = features({}, false)
  t.ok(not plain:equal(seen[1]), "pictures without normalisation have features of their own")
  t.eq(#files(), 4)
end)

t.test("an identity holds the weights by content and every option in one order", function()
  local identity = require "feature_cache".identity
  local first = identity(file, "Net", { a = 1, b = { 2, 3 }, c = false })
  t.eq(identity(file, "Net", { c = false, b = { 2, 3 }, a = 1 }), first)
  for _, other in ipairs { { a = 2, b = { 2, 3 }, c = false }, { a = 1, b = { 3, 2 }, c = false }, { a = 1, b = { 2, 3 } },
                           { a = 1 + 1e-15, b = { 2, 3 }, c = false } } do
    t.ok(identity(file, "Net", other) ~= first, t.show(other))
  end
  t.ok(identity(file, "Other", { a = 1, b = { 2, 3 }, c = false }) ~= first, "the constructor's name is left out")
  local copy = folder .. "/copy.pth"
  local handle = assert(io.open(file, "rb"))
  local bytes = handle:read "*a"
  handle:close()
  t.ok(system.write_atomic(copy, bytes))
  t.eq(identity(copy, "Net", { a = 1, b = { 2, 3 }, c = false }), first)
  system.sleep(0.05) -- a clock tick of the file system
  t.ok(system.write_atomic(copy, bytes:sub(1, -2) .. "x")) -- as long as before
  t.ok(identity(copy, "Net", { a = 1, b = { 2, 3 }, c = false }) ~= first, "other weights of the same length")
  t.raises(function() identity(folder .. "/none", "Net", {}) end, "none")
end)

t.test("a torn, empty or strange file is computed anew and replaced", function()
  local whole, module = features {}
  local first
  for _, path in ipairs(files()) do
    local found = require "safetensors".load_file(path).features
    if found:equal(whole) then first = path end
  end
  t.ok(first, "its file is not there")
  local handle = assert(io.open(first, "rb"))
  local bytes = handle:read "*a"
  handle:close()
  local other = require "safetensors".save { features = torch.zeros(COUNT, 3) }
  for i, damaged in ipairs { "", bytes:sub(1, 5), bytes:sub(1, #bytes / 2), bytes:sub(1, -2), ("x"):rep(#bytes), other } do
    t.ok(system.write_atomic(first, damaged))
    t.ok(features({}):equal(whole), "damage " .. i)
    handle = assert(io.open(first, "rb"))
    t.ok(handle:read "*a" == bytes, "damage " .. i .. " was not replaced")
    handle:close()
  end
  t.near(whole, computed(module), 1e-5)
end)

-- What a process of its own does: the features of `file`, their sum and the time.
local script = folder .. "/features.lua"
system.write_atomic(script, ([[
local data, system = require "host.data", require "host.system"
local set = data.from_tensors((torch.arange(%d * 3 * %d * %d) %% 251):to "uint8":view(%d, 3, %d, %d), torch.arange(%d) %% 2,
  { name = "toy", class_names = { "a", "b" }, mean = { 0.5, 0.5, 0.5 }, deviation = { 0.2, 0.2, 0.2 } })
local module = vision.vit { patch = 4, layers = 1, heads = 2, width = 8, weights = %q, freeze = true }:build { image = { 3, %d, %d } }
local features = require "encoder".loading(module, {}).features(set, true)
print(("%%.6f"):format(features:sum():item()))
]]):format(COUNT, SIDE, SIDE, COUNT, SIDE, SIDE, COUNT, file, SIDE, SIDE))

t.test("processes that write one file at once, some of them killed, leave a whole one", function()
  local expected = ("%.6f"):format(features({}):sum():item())
  for _, path in ipairs(files()) do system.remove(path) end
  local running = {}
  for i = 1, 4 do running[i] = program.start { script, home = home } end
  for i = 5, 6 do
    running[i] = program.start { script, home = home }
    running[i]:wait(0.1 * i)
    running[i]:kill "KILL"
    running[i]:wait(10)
  end
  for i = 1, 4 do
    local result = program.finish(running[i])
    t.eq(result.code, 0, result.err)
    t.eq(result.out, expected .. "\n")
  end
  local whole = 0
  for _, path in ipairs(files()) do
    if path:match "%.safetensors$" then
      whole = whole + 1
      t.eq(require "safetensors".load_file(path).features.shape, { COUNT, 8 })
    end
  end
  t.eq(whole, 1)
end)

t.test("what killed writers left is removed a day later, and nothing of others", function()
  for _, path in ipairs(files()) do system.remove(path) end
  system.mkdir(kept)
  for _, name in ipairs { "a.safetensors.AbC123", "b.safetensors.AbC124", "notes.AbC123" } do system.write_atomic(kept .. "/" .. name, "x") end
  t.eq(system.spawn { "touch", "-d", "2 days ago", kept .. "/a.safetensors.AbC123", kept .. "/notes.AbC123" }:wait(10), 0)
  features {}
  t.eq(system.stat(kept .. "/a.safetensors.AbC123"), nil)
  t.ok(system.stat(kept .. "/b.safetensors.AbC124"), "one that is being written was taken away")
  t.ok(system.stat(kept .. "/notes.AbC123"), "a file of somebody else was taken away")
end)

t.test("a full disk, or a folder that cannot be made, stops no training", function()
  local expected = ("%.6f"):format(features({}):sum():item())
  local full = folder .. "/full"
  system.mkdir(full)
  -- no file may become longer than a block: what a disk without room answers
  local process = system.spawn { "sh", "-c", "ulimit -f 1; trap '' XFSZ; exec \"$@\"", "sh", system.executable(), script,
    directory = MOONLAB_ROOT, environment = { MOONLAB_HOME = full } }
  t.eq(process:wait(60), 0, process:read_errors())
  t.eq(process:read(), expected .. "\n")
  t.eq(system.list(full .. "/features"), {}, "an unfinished file stays")
  system.write_atomic(folder .. "/no-folder", "a file")
  local result = program.run { script, home = folder .. "/no-folder" }
  t.eq(result.code, 0, result.err)
  t.eq(result.out, expected .. "\n")
end)

system.set_environment("MOONLAB_HOME", old_home)
system.remove(folder)
