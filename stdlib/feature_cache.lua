--- Features of a frozen encoder, computed once: in this process for every trial that asks again, and on the disk for
-- every run after it. A key is a hash over the samples, what they become on their way in, and the encoder.
--
-- A file is written beside its place and renamed into it, so that several processes may write the same one, and one
-- that is killed leaves none; what such a one left beside is removed by a later writer.
local catalogue = require "catalogue"
local encoder = require "encoder"
local host_text = require "host.text"
local run = require "host.run"
local safetensors = require "safetensors"
local system = require "host.system"

local cache = {}

local BATCH = 64
local LEFT_OVER = 24 * 3600 -- seconds after which an unfinished file is nobody's any more
-- Part of every key: to be raised where an encoder computes other numbers from the same weights than before.
local GENERATION = "2"

local memory = {}   -- key -> tensor
local weights = {}  -- "file size time" -> SHA-256

-- A value as text, with the keys of tables in order.
local function written(value)
  if type(value) == "number" then return ("%.17g"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  for i, key in ipairs(keys) do parts[i] = ("%s=%s"):format(tostring(key), written(value[key])) end
  return ("{%s}"):format(table.concat(parts, ","))
end

--- What tells an encoder from all others, a text: its weights by content and what it does with them.
-- @param file of its weights
-- @param kind the constructor; @param options all that the network was made with: equal weights give other features
--   where another pooling or number of heads reads them
function cache.identity(file, kind, options)
  local found, reason = system.stat(file)
  if not found then error(("%s: %s"):format(file, reason), 0) end
  local name = ("%s %d %.17g"):format(file, found.size, found.modified)
  weights[name] = weights[name] or run.sha256_file(file)
  return ("%s %s %s"):format(weights[name], kind, written(options))
end

-- In evaluation mode and without gradient; texts by length, so that batches hold little padding.
local function compute(module, set, normalise, device)
  local input = encoder.input(module)
  local order = input.tokenizer and host_text.by_length(set, input.tokenizer, input.max_length)
  local source = order and { set:subset(order) } or { set, nil, normalise }
  local loader = require "host.data".loader({ source }, { batch = BATCH, shuffle = false, device = device,
    tokenizer = input.tokenizer, max_length = input.max_length })
  local training = module.training
  module:eval()
  local features = torch.no_grad(function()
    local parts = {}
    for batch in loader:each(0) do
      local given = batch.mask and module(batch.x, batch.mask) or module(batch.x)
      parts[#parts + 1] = given:cpu()
    end
    local all = torch.cat(parts)
    return order and all:index_select(0, order:argsort()) or all
  end)
  module:train(training)
  return features
end

-- What pictures become on their way in: their size and normalisation are no part of a set's fingerprint.
local function appearance(set, normalise)
  local some = {}
  for i = 0, 3 do some[i + 1] = math.floor(i * (#set - 1) / 3) end
  local loader = require "host.data".loader({ { set:subset(some), nil, normalise } },
    { batch = #some, shuffle = false })
  for batch in loader:each(0) do
    local x = batch.x
    return ("%s %.9g %.9g"):format(table.concat(x.shape, "x"), x:sum():item(), x:square():sum():item())
  end
end

-- The tensor of a file; nil where there is none, or one that is damaged or of something else.
local function read(file, samples, width)
  if not system.stat(file) then return nil end
  local done, tensors = pcall(safetensors.load_file, file)
  local features = done and tensors.features
  if features and features.ndim == 2 and features.shape[1] == samples and features.shape[2] == width then
    return features
  end
end

-- The disk is a convenience: where it is full or must not be written, training goes on.
local function write(folder, file, features)
  pcall(function()
    system.mkdir(folder)
    for _, name in ipairs(system.list(folder) or {}) do
      local found = name:match "%.safetensors%.%w%w%w%w%w%w$" and system.stat(folder .. "/" .. name)
      if found and os.time() - found.modified > LEFT_OVER then system.remove(folder .. "/" .. name) end
    end
    safetensors.save_file({ features = features }, file)
  end)
end

--- The features of a host dataset, float [n, F] on the CPU.
-- @param normalise of pictures: as a loader's source has it
function cache.features(module, set, normalise, device)
  local input = encoder.input(module)
  local entry = input.tokenizer and ("%s\n%d"):format(input.tokenizer:fingerprint(), input.max_length)
    or appearance(set, normalise)
  local key = run.sha256(table.concat({ GENERATION, set:fingerprint(), entry, input.identity }, "\n"))
  if memory[key] then return memory[key] end
  local folder = catalogue.home() .. "/features"
  local file = ("%s/%s.safetensors"):format(folder, key)
  local features = read(file, #set, encoder.width(module))
  if not features then
    features = compute(module, set, normalise, device)
    write(folder, file, features)
  end
  memory[key] = keep(features)
  return features
end

return cache
