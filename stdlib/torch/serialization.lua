--- Files of PyTorch's torch.save, both ways, and what Python's containers are in Lua.
--
-- A list or a tuple is an array table, None in it torch.None. A dict is a table by its keys; where a value is None the
-- key gives nil. Integer keys stay numbers. A set is { [element] = true }, bytes are a string, a dtype, device or
-- layout its name, a complex number a cdata, an integer beyond 2^53 an int64 cdata, beyond 64 bits { __class = "int",
-- value = "0x..." }; a NumPy array is a tensor. What is shared in the file (a list met twice, tensors of one storage)
-- is shared here. A table does not know the order of its keys nor that it was a tuple: its metatable does, and
-- torch.save writes it back as what it was; torch.serialization has the functions for that.
local torch = require "torch"
local host = require "host.torch_file"
local nearest = require "language.nearest"
local ffi = require "ffi"

local serialization = {}
torch.serialization = serialization

local function int64(high, low) return ffi.cast("int64_t", high) * 4294967296LL + ffi.cast("int64_t", low) end

-- Options of `who`, each known.
local function options_of(who, given, known)
  for key in pairs(given or {}) do
    if not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      local near = nearest.did_you_mean(tostring(key), names)
      error(("%s: unknown option '%s'%s (%s)"):format(who, tostring(key), near, table.concat(names, ", ")), 3)
    end
  end
  return given or {}
end

-- map_location as a function (bytes, location) -> bytes where they shall be, nil: where the file says.
local function placement(map_location)
  local kind = type(map_location)
  if map_location == nil or map_location == torch.None then return nil end
  if kind == "string" then
    return function(bytes) return bytes:to(map_location) end
  elseif kind == "table" then
    return function(bytes, location) return map_location[location] and bytes:to(map_location[location]) end
  elseif kind == "function" then
    return function(bytes, location)
      local placed = map_location(bytes, location)
      if type(placed) == "string" then return bytes:to(placed) end
      return placed
    end
  end
  error("torch.load: map_location must be a device, a table { [location] = device } or a function, got " .. kind, 3)
end

--- torch.load(path, { map_location =, mmap = false, unknown = "error", weights_only = true }): what a file of
-- torch.save holds, in either format; also a safetensors file, which is known by its content. Nothing in a file is
-- executed.
--
-- map_location: a device ("cpu"); { ["cuda:1"] = "cuda:0" }; or function(bytes, location) -> device or tensor, called
-- once for each storage with its bytes. mmap: tensors lie in the file, read on first touch; writing into one never
-- reaches the file. unknown = "table" (or weights_only = false): objects of other classes, which are an error else, are
-- tables { __class = "argparse.Namespace", FIELD = value, ... }, __arguments being what the class was called with.
-- @usage torch.save({ w = torch.ones(2) }, "w.pt"); print(torch.load("w.pt", { map_location = "cpu" }).w)
function torch.load(path, options, more)
  if type(path) ~= "string" then error("torch.load: the path must be a string, got " .. type(path), 2) end
  if more ~= nil or (options ~= nil and type(options) ~= "table") then -- PyTorch's second argument
    local location = options
    options = { map_location = location }
    for key, value in pairs(more or {}) do options[key] = value end
  end
  local o = options_of("torch.load", options, { map_location = 1, mmap = 1, unknown = 1, weights_only = 1 })
  if o.unknown ~= nil and o.unknown ~= "table" and o.unknown ~= "error" then
    error(("torch.load: unknown must be 'table' or 'error', got '%s'"):format(tostring(o.unknown)), 2)
  end
  if host.format(path) == "safetensors" then
    local tensors = require("safetensors").load_file(path)
    local place = placement(o.map_location)
    for name, tensor in pairs(place and tensors or {}) do tensors[name] = place(tensor, "cpu") or tensor end
    return tensors
  end
  local unknown = o.unknown == "table" or (o.unknown == nil and o.weights_only == false)
  return host.read(path, { mmap = o.mmap, unknown = unknown, place = placement(o.map_location) }, int64)
end

--- torch.save(value, path): writes tensors, tables, numbers, texts, booleans and torch.None to a file that Python's
-- torch.load(path, weights_only=True) reads: the old file or the whole new one, never a part. Array tables become
-- lists, others dicts (an empty one a list), integral numbers ints, texts that are not UTF-8 bytes; tables that
-- torch.load gave, or that torch.serialization.tuple and the like marked, what they were. Views of one storage share
-- it in the file, with their strides. { _use_new_zipfile_serialization = false } writes the format before PyTorch 1.6.
-- @usage torch.save({ step = 3, weights = torch.ones(2, 2) }, "checkpoint.pt")
function torch.save(value, path, options)
  if type(path) ~= "string" then error("torch.save: the path must be a string, got " .. type(path), 2) end
  local o = options_of("torch.save", options, { _use_new_zipfile_serialization = 1 })
  host.write(path, value, o._use_new_zipfile_serialization == false)
end

--- torch.serialization.keys(t): a table's keys in the order of the file it came from, those whose value is None too;
-- then keys set since, numbers before texts.
function serialization.keys(t) return host.keys(t) end

--- torch.serialization.pairs(t): iterates in the order of keys; None is torch.None.
-- @usage for k, v in torch.serialization.pairs(torch.serialization.ordered({ b = 1 }, { "b" })) do print(k, v) end
function serialization.pairs(t)
  local keys, i = host.keys(t), 0
  return function()
    i = i + 1
    if keys[i] == nil then return nil end
    local value = t[keys[i]]
    if value == nil then value = torch.None end
    return keys[i], value
  end
end

--- torch.serialization.kind(t): "list", "tuple", "dict", "OrderedDict", "Counter", "set" or "Size": what torch.save
-- writes a table as.
function serialization.kind(t)
  local mark = (getmetatable(t) or {}).__python
  if mark then return mark end
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  return count == #t and "list" or "dict"
end

local function marked(kind)
  return function(t)
    local meta = {}
    for key, value in pairs(getmetatable(t) or {}) do meta[key] = value end
    meta.__python = kind
    return setmetatable(t, meta)
  end
end

--- torch.serialization.tuple(t), list(t), dict(t), set(t): marks a table, so that torch.save writes it as that. set
-- takes { [element] = true }.
-- @usage torch.save({ betas = torch.serialization.tuple { 0.9, 0.999 } }, "o.pt")
serialization.tuple, serialization.list = marked "tuple", marked "list"
serialization.dict, serialization.set = marked "dict", marked "set"

--- torch.serialization.ordered(t, keys): marks a table as an OrderedDict whose keys are in this order.
function serialization.ordered(t, keys)
  t = marked "OrderedDict"(t)
  getmetatable(t).__keys = keys
  return t
end

--- torch.serialization.attributes(t): what the Python object had beside its items, such as { _metadata = ... } of a
-- state dict; nil where it had nothing.
function serialization.attributes(t) return (getmetatable(t) or {}).__attributes end

return serialization
