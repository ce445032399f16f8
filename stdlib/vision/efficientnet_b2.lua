local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B2 (Tan and Le 2019): [B, C, H, W] -> [B, 1408]. Made for pictures of 288 x 288; smaller ones work.
-- @usage vision.efficientnet_b2 { freeze = 2 }
return schema.declare("vision.efficientnet_b2", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b2", width = 1.1, depth = 1.2 })
