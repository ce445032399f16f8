local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-Lite2: EfficientNet without squeeze and excitation, with relu6, for small devices:
-- [B, C, H, W] -> [B, 1280]. Made for pictures of 260 x 260; smaller ones work.
-- @usage vision.efficientnet_lite2 {}
return schema.declare("vision.efficientnet_lite2", efficient_network.lite_fields(),
  efficient_network.builder { name = "vision.efficientnet_lite2", lite = true,
                              width = 1.1, depth = 1.2, eps = 1e-3, momentum = 0.01 })
