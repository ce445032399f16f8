--- Weights in safetensors files, as Python's safetensors.torch reads and writes them. Loaded tensors lie in the mapped
-- file: loading is immediate, pages are read when they are touched, and writing into such a tensor never reaches the
-- file. Whatever is wrong with a file is an error that names it; nothing in a file is ever executed.
local torch = require "torch"
local host = require "host.weights"
local nearest = require "language.nearest"

local safetensors = {}

-- Options of `who`, each known; errors point at who called it.
local function options_of(who, given, known)
  if given ~= nil and type(given) ~= "table" then
    error(("%s: options come in a table, got a %s"):format(who, type(given)), 3)
  end
  for key in pairs(given or {}) do
    local found = false
    for _, name in ipairs(known) do found = found or name == key end
    if not found then
      error(("%s: unknown option '%s'%s (%s)"):format(who, tostring(key), nearest.did_you_mean(tostring(key), known),
        table.concat(known, ", ")), 3)
    end
  end
  return given or {}
end

local function moved(tensor, device)
  if device == nil or device == "cpu" then return tensor end
  return tensor:to(device)
end

local function all_of(file, device)
  local tensors = {}
  for _, name in ipairs(file:names()) do tensors[name] = moved(file:tensor(name), device) end
  return tensors
end

--- safetensors.save_file({ name = tensor }, path, { metadata = { key = "text" } }): writes a file whole or not at all (a
-- neighbour is flushed to the disk and renamed). The bytes are those that Python's library writes. Views and tensors that
-- share memory are written each as a plain copy: what was tied is no longer tied when loaded (torch.save keeps ties).
-- Errors: a dtype or layout that the format lacks, the system's reason.
-- @usage local safetensors = require "safetensors"; safetensors.save_file({ w = torch.ones(2) }, os.tmpname())
function safetensors.save_file(tensors, path, options)
  host.write(path, tensors, options_of("save_file", options, { "metadata" }).metadata)
end

--- safetensors.load_file(path, { device = "cpu" }) -> { name = tensor }, mapped from the file. A path that ends in .json
-- is the index of a model in several parts (model.safetensors.index.json): its parts, beside it, are loaded together.
-- @usage local safetensors = require "safetensors"; local path = os.tmpname(); safetensors.save_file({ w = torch.ones(2) }, path); safetensors.load_file(path).w:sum()
function safetensors.load_file(path, options)
  local device = options_of("load_file", options, { "device" }).device
  if not tostring(path):find "%.json$" then return all_of(host.read(path), device) end
  local parts, tensors = {}, {}
  for name, part in pairs(host.index(path)) do
    parts[part] = parts[part] or host.read(part)
    tensors[name] = moved(parts[part]:tensor(name), device)
  end
  return tensors
end

--- safetensors.save({ name = tensor }, { metadata = ... }) -> the bytes of such a file as a string.
-- @usage local safetensors = require "safetensors"; #safetensors.save { w = torch.ones(2) }
function safetensors.save(tensors, options)
  return host.bytes(tensors, options_of("save", options, { "metadata" }).metadata)
end

--- safetensors.load(bytes, { device = "cpu" }) -> { name = tensor }, from a string of a file's bytes.
-- @usage local safetensors = require "safetensors"; safetensors.load(safetensors.save { w = torch.ones(2) }).w
function safetensors.load(bytes, options)
  return all_of(host.parse(bytes, "safetensors.load"), options_of("load", options, { "device" }).device)
end

-- A tensor of a file of which parts are asked for: slice["2:5, ..."], slice[0], as a tensor is indexed.
local slice_methods = {}
function slice_methods:get_shape() return torch.shape_of((self.file:info(self.name))) end
function slice_methods:get_dtype() return (select(3, self.file:info(self.name))) end
local slices = setmetatable({}, { __mode = "k" })
local slice_meta = {
  __index = function(slice, key)
    local made = slices[slice]
    if slice_methods[key] then return function() return slice_methods[key](made) end end
    return moved(made.file:tensor(made.name)[key], made.device)
  end,
  __tostring = function(slice) return ("slice of '%s'"):format(slices[slice].name) end,
}

local file_methods = {}
local files = setmetatable({}, { __mode = "k" })
local file_meta = {
  __index = file_methods,
  __tostring = function(file) return "safetensors file " .. files[file].host:path() end,
}

--- file:keys() -> the names of the tensors, sorted. file:offset_keys(): in the order of their bytes.
function file_methods:keys()
  local names = files[self].host:names()
  table.sort(names)
  return names
end

function file_methods:offset_keys() return files[self].host:names() end

--- file:metadata() -> { key = "text" }, empty where the file has none.
function file_methods:metadata() return files[self].host:metadata() end

--- file:get_tensor(name) -> the tensor, whose pages are read when they are touched.
function file_methods:get_tensor(name) return moved(files[self].host:tensor(name), files[self].device) end

--- file:get_slice(name): s["0:2, 1"], s[3] read that part alone; s:get_shape(), s:get_dtype() ("F32") read nothing.
function file_methods:get_slice(name)
  files[self].host:info(name)
  local slice = setmetatable({}, slice_meta)
  slices[slice] = { file = files[self].host, name = name, device = files[self].device }
  return slice
end

--- safetensors.safe_open(path, { device = "cpu" }) -> a file whose tensors are taken one by one: :keys(), :offset_keys(),
-- :metadata(), :get_tensor(name), :get_slice(name)["0:2"]. Only the header is read now. The same tensor taken twice is
-- the same memory.
-- @usage local safetensors = require "safetensors"; local path = os.tmpname(); safetensors.save_file({ w = torch.ones(4, 2) }, path); safetensors.safe_open(path):get_slice "w"["1:3"]
function safetensors.safe_open(path, options)
  local file = setmetatable({}, file_meta)
  files[file] = { host = host.read(path), device = options_of("safe_open", options, { "device" }).device }
  return file
end

return safetensors
