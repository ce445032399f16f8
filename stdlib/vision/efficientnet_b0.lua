local efficient_network = require "efficient_network"
local schema = require "schema"

--- EfficientNet-B0 (Tan and Le 2019): [B, C, H, W] -> [B, 1280]. Made for pictures of 224 x 224; smaller ones work.
-- @usage vision.efficientnet_b0 { freeze = 2 }
return schema.declare("vision.efficientnet_b0", efficient_network.fields(), efficient_network.builder {
  name = "vision.efficientnet_b0", width = 1.0, depth = 1.0 })
