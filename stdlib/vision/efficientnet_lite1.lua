local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-Lite1: EfficientNet without squeeze and excitation, with relu6, for small devices:
-- [B, C, H, W] -> [B, 1280]. Made for pictures of 240 x 240; smaller ones work.
-- @usage vision.efficientnet_lite1 {}
return schema.declare("vision.efficientnet_lite1", efficient_network.lite_fields(),
  efficient_network.builder { name = "vision.efficientnet_lite1", lite = true,
                              width = 1.0, depth = 1.1, eps = 1e-3, momentum = 0.01 })
