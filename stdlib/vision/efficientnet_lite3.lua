local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-Lite3: EfficientNet without squeeze and excitation, with relu6, for small devices:
-- [B, C, H, W] -> [B, 1280]. Made for pictures of 280 x 280; smaller ones work.
-- @usage vision.efficientnet_lite3 {}
return schema.declare("vision.efficientnet_lite3", efficient_network.lite_fields(),
  efficient_network.builder { name = "vision.efficientnet_lite3", lite = true,
                              width = 1.2, depth = 1.4, eps = 1e-3, momentum = 0.01 })
