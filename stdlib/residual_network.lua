-- What the ResNets of vision/ share: their options, and the network of the host for the pictures of the context.
local make = require("host.module").make

local residual_network = {}

--- @param defaults { width, pool } where they differ from those of the ImageNet networks, or nil
function residual_network.fields(defaults)
  defaults = defaults or {}
  return {
    { "stem", "one of auto|imagenet|cifar", "auto", "a 7x7 convolution and a pooling that leave a sixteenth of the pixels, or a "
      .. "3x3 convolution; auto: cifar for pictures below 64 x 64" },
    { "width", "integer > 0", defaults.width or 64, "channels of the first stage; each later one has twice as many" },
    { "pool", "integer > 0", defaults.pool or 1, "the last stage's mean over the picture, or over each of pool x pool parts of it" },
  }
end

--- blocks: residual blocks of each of the stages
function residual_network.builder(blocks)
  return function(o, context)
    local image = context and context.image or { 3, 224, 224 }
    local stem = o.stem
    if stem == "auto" then stem = math.min(image[2], image[3]) < 64 and "cifar" or "imagenet" end
    return make("ResNet", { in_channels = image[1], blocks = blocks, width = o.width, stem = stem, pool = o.pool })
  end
end

return residual_network
