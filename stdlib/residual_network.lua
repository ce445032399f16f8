-- What the ResNets of vision/ share: their options, and the network of the host for the pictures of the context.
local image_network = require "image_network"

local residual_network = {}

--- @param defaults { width, pool } where they differ from those of the ImageNet networks, or nil
function residual_network.fields(defaults)
  defaults = defaults or {}
  return image_network.fields {
    image_network.stem,
    { "width", "integer > 0", defaults.width or 64, "channels of the first stage; each later one has twice as many" },
    { "pool", "integer > 0", defaults.pool or 1, "the last stage's mean over the picture, or over each of pool x pool parts of it" },
  }
end

--- @param name of the constructor; @param blocks residual blocks of each of the stages
-- @param bottleneck whether they are of three convolutions, as from ResNet-50 on
function residual_network.builder(name, blocks, bottleneck)
  return image_network.builder(name, "ResNet", "resnet", function(o, image)
    return { blocks = blocks, width = o.width, stem = image_network.stem_for(o.stem, image), pool = o.pool,
             bottleneck = bottleneck or false }
  end)
end

return residual_network
