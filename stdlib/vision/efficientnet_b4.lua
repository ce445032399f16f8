local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B4 (Tan and Le 2019): [B, C, H, W] -> [B, 1792]. Made for pictures of 380 x 380; smaller ones work.
-- @usage vision.efficientnet_b4 { freeze = 2 }
return schema.declare("vision.efficientnet_b4", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b4", width = 1.4, depth = 1.8 })
