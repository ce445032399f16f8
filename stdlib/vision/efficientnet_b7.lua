local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B7 (Tan and Le 2019): [B, C, H, W] -> [B, 2560]. Made for pictures of 600 x 600; smaller ones work.
-- @usage vision.efficientnet_b7 { freeze = 2 }
return schema.declare("vision.efficientnet_b7", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b7", width = 2.0, depth = 3.1, eps = 1e-3, momentum = 0.01 })
