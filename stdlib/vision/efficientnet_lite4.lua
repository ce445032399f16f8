local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-Lite4: EfficientNet without squeeze and excitation, with relu6, for small devices:
-- [B, C, H, W] -> [B, 1280]. Made for pictures of 300 x 300; smaller ones work.
-- @usage vision.efficientnet_lite4 {}
return schema.declare("vision.efficientnet_lite4", efficient_network.lite_fields(),
  efficient_network.builder { name = "vision.efficientnet_lite4", lite = true,
                              width = 1.4, depth = 1.8, eps = 1e-3, momentum = 0.01 })
