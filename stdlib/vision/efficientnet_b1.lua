local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B1 (Tan and Le 2019): [B, C, H, W] -> [B, 1280]. Made for pictures of 240 x 240; smaller ones work.
-- @usage vision.efficientnet_b1 { freeze = 2 }
return schema.declare("vision.efficientnet_b1", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b1", width = 1.0, depth = 1.1 })
