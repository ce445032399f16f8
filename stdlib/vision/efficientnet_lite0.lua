local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-Lite0: EfficientNet without squeeze and excitation, with relu6, for small devices:
-- [B, C, H, W] -> [B, 1280]. Made for pictures of 224 x 224; smaller ones work. Its ImageNet weights
-- (Apache-2.0) are fetched on first use, or by `moonlab data get efficientnet_lite0`.
-- @usage vision.efficientnet_lite0 { weights = "imagenet", freeze = true }
return schema.declare("vision.efficientnet_lite0", efficient_network.lite_fields(),
  efficient_network.builder { name = "vision.efficientnet_lite0", lite = true,
                              width = 1.0, depth = 1.0, eps = 1e-3, momentum = 0.01, set = "efficientnet_lite0" })
