local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B6 (Tan and Le 2019): [B, C, H, W] -> [B, 2304]. Made for pictures of 528 x 528; smaller ones work.
-- @usage vision.efficientnet_b6 { freeze = 2 }
return schema.declare("vision.efficientnet_b6", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b6", width = 1.8, depth = 2.6, eps = 1e-3, momentum = 0.01 })
