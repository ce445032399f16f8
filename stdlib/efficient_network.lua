-- What the EfficientNets of vision/ share.
local image_network = require "image_network"

local efficient_network = {}

local function drop_field()
  return { "stochastic_depth", "number in [0, 1)", 0.2, "share of samples that skip the last block in training; earlier ones less" }
end

function efficient_network.fields()
  return image_network.fields {
    { "variant", "one of torchvision|tensorflow", "torchvision",
      "padding and norms as of torchvision's weights, or as of those that came from TensorFlow (timm's tf_efficientnet)" },
    drop_field(),
  }
end

function efficient_network.lite_fields() return image_network.fields { drop_field() } end

--- @param about { name, lite, width, depth, eps, momentum, set = the catalogue's name of ImageNet weights }
function efficient_network.builder(about)
  return image_network.builder(about.name, "EfficientNet", "efficientnet", function(o)
    local converted = o.variant == "tensorflow"
    return {
      width_mult = about.width, depth_mult = about.depth, lite = about.lite or false, same = about.lite or converted,
      stochastic_depth = o.stochastic_depth, eps = converted and 1e-3 or about.eps, momentum = converted and 0.01 or about.momentum,
    }
  end, about.set)
end

return efficient_network
