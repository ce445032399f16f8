local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B5 (Tan and Le 2019): [B, C, H, W] -> [B, 2048]. Made for pictures of 456 x 456; smaller ones work.
-- @usage vision.efficientnet_b5 { freeze = 2 }
return schema.declare("vision.efficientnet_b5", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b5", width = 1.6, depth = 2.2, eps = 1e-3, momentum = 0.01 })
