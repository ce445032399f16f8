local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B3 (Tan and Le 2019): [B, C, H, W] -> [B, 1536]. Made for pictures of 300 x 300; smaller ones work.
-- @usage vision.efficientnet_b3 { freeze = 2 }
return schema.declare("vision.efficientnet_b3", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b3", width = 1.2, depth = 1.4 })
