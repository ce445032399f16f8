-- What the networks of vision/ for photographs share: weights of files, freezing, cached features.
local encoder = require "encoder"
local feature_cache = require "feature_cache"
local image_weights = require "image_weights"
local make = require("host.module").make
local schema = require "schema"

local image_network = {}

--- The options that all have, after those of their own.
function image_network.fields(own)
  local fields = own or {}
  fields[#fields + 1] = { "weights", "string", schema.optional,
    "\"imagenet\", or a .pth or .safetensors file with names of torchvision, timm or Hugging Face; new ones where absent" }
  fields[#fields + 1] = { "freeze", "boolean or integer >= 0", false,
    "weights and batch statistics that stay: all (features of a picture are then computed once), or those of the first "
      .. "stages" }
  return fields
end

--- The option of networks with two beginnings.
image_network.stem = { "stem", "one of auto|imagenet|cifar", "auto", "a 7x7 convolution and a pooling that leave a sixteenth of "
  .. "the pixels, or a 3x3 convolution; auto: cifar for pictures below 64 x 64" }

function image_network.stem_for(stem, image)
  if stem ~= "auto" then return stem end
  return math.min(image[2], image[3]) < 64 and "cifar" or "imagenet"
end

-- Frozen networks of this process by their identity: { module, versions }. What never changes is shared by all trials of
-- a worker; one that somebody has written to all the same is made anew.
local frozen = {}

-- How often the tensors of a module were written to, one number each.
local function versions_of(module)
  local versions = {}
  for _, name in ipairs { "named_parameters", "named_buffers" } do
    for _, tensor in module[name](module) do versions[#versions + 1] = tensor._version end
  end
  return table.concat(versions, " ")
end

local function shared(identity)
  local known = frozen[identity]
  if known and known.versions == versions_of(known.module) then return known.module end
end

--- A builder.
-- @param kind the module of the host; @param family of weight_names/
-- @param options function(o, image) -> the host's options, without in_channels and freeze
-- @param set the catalogue's name of its ImageNet weights, or nil
function image_network.builder(name, kind, family, options, set)
  return function(o, context)
    local image = context and context.image or { 3, 224, 224 }
    local made = options(o, image)
    made.in_channels = image[1]
    made.freeze = o.freeze == true and -1 or o.freeze or 0
    local file = o.weights and image_weights.file(o.weights, set, name)
    if o.freeze ~= true then
      local module = make(kind, made)
      if file then image_weights.load(module, file, family, name) end
      return module
    end
    if not file then error(name .. ": freeze = true without weights would keep random ones; give weights", 0) end
    local identity = feature_cache.identity(file, name, made)
    local module = shared(identity)
    if not module then
      -- nothing is drawn from the caller's stream, so that shared or not the heads begin alike
      module = torch.random.fork_rng(function() return make(kind, made) end)
      image_weights.load(module, file, family, name)
      encoder.takes(module, { identity = identity })
      frozen[identity] = { module = module, versions = versions_of(module) }
    end
    return module
  end
end

return image_network
