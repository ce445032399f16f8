local schema = require "schema"
local residual_network = require "residual_network"

--- The ResNet-8 of Label Embedding Networks for CIFAR-10: a convolution and three stages of one block, 128, 256 and 512
-- wide, pooled to 2 x 2. [B, C, H, W] -> [B, 4 * width * pool * pool], 2,048 as it is. The paper's ResNet-18 for
-- CIFAR-100 is vision.resnet18 { width = 128 }.
-- @usage vision.resnet8 { width = 16 }
return schema.declare("vision.resnet8", residual_network.fields { width = 128, pool = 2 },
  residual_network.builder("vision.resnet8", { 1, 1, 1 }))
