--- Features of a frozen encoder, computed once: in this process for every trial that asks again, and on the disk for
-- every run after it. A key is a hash over the samples, how they become tokens, and the encoder's weights.
local catalogue = require "catalogue"
local encoder = require "encoder"
local host_text = require "host.text"
local run = require "host.run"
local safetensors = require "safetensors"
local system = require "host.system"

local cache = {}

local BATCH = 64
local memory = {}   -- key -> tensor
local weights = {}  -- "file size time" -> SHA-256

--- What tells an encoder from others: its weights file, by content, and how it pools.
function cache.identity(file, o)
  local found = system.stat(file)
  local name = ("%s %s %s"):format(file, tostring(found.size), tostring(found.mtime or found.modified))
  weights[name] = weights[name] or run.sha256_file(file)
  return ("%s %s %s"):format(weights[name], o.pool, tostring(o.normalize))
end

local function compute_images(module, set, normalise, device)
  local loader = require "host.data".loader({ { set, nil, normalise } }, { batch = BATCH, shuffle = false, device = device })
  module:eval()
  return torch.no_grad(function()
    local parts = {}
    for batch in loader:each(0) do parts[#parts + 1] = module(batch.x):cpu() end
    return torch.cat(parts)
  end)
end

-- What a picture becomes on its way in: its size and its normalisation are no part of a set's fingerprint.
local function appearance(set, normalise)
  local loader = require "host.data".loader({ { set:subset { 0 }, nil, normalise } }, { batch = 1, shuffle = false })
  for batch in loader:each(0) do
    return ("%s %.9g %.9g"):format(table.concat(batch.x.shape, "x"), batch.x:sum():item(), batch.x:square():sum():item())
  end
end

local function compute_texts(module, set, device)
  local input = encoder.input(module)
  local order = host_text.by_length(set, input.tokenizer, input.max_length)
  local loader = require "host.data".loader({ { set:subset(order) } }, { batch = BATCH, shuffle = false,
    tokenizer = input.tokenizer, max_length = input.max_length, device = device })
  module:eval()
  return torch.no_grad(function()
    local parts = {}
    for batch in loader:each(0) do parts[#parts + 1] = module(batch.x, batch.mask):cpu() end
    return torch.cat(parts):index_select(0, order:argsort())
  end)
end

--- The features of a host dataset, float [n, F] on the CPU.
-- @param normalise of pictures: as a loader's source has it
function cache.features(module, set, normalise, device)
  local input = encoder.input(module)
  local entry = input.tokenizer and ("%s\n%d"):format(input.tokenizer:fingerprint(), input.max_length)
    or appearance(set, normalise)
  local key = run.sha256(("%s\n%s\n%s"):format(set:fingerprint(), entry, input.identity))
  if memory[key] then return memory[key] end
  local folder = catalogue.home() .. "/features"
  local file = ("%s/%s.safetensors"):format(folder, key)
  if system.stat(file) then
    local done, tensors = pcall(safetensors.load_file, file) -- a damaged file is computed anew
    local features = done and tensors.features
    if features and #features == #set then
      memory[key] = keep(features)
      return features
    end
  end
  local features
  if input.tokenizer then features = compute_texts(module, set, device)
  else features = compute_images(module, set, normalise, device) end
  memory[key] = keep(features)
  -- the disk is a convenience: full or read-only, training goes on
  pcall(function()
    system.mkdir(folder)
    safetensors.save_file({ features = features }, file)
  end)
  return features
end

return cache
