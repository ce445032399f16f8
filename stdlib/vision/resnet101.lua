local schema = require "schema"
local residual_network = require "residual_network"

--- ResNet-101 (He et al. 2016) with bottlenecks, the stride in their 3x3 convolutions: [B, C, H, W] -> [B, 32 * width]. Names of
-- weights are torchvision's, without fc. The stem of "imagenet" is for pictures from 64 x 64 on, that of "cifar" for
-- 32 x 32.
-- @usage vision.resnet101 { stem = "cifar" }
return schema.declare("vision.resnet101", residual_network.fields(),
  residual_network.builder("vision.resnet101", { 3, 4, 23, 3 }, true))
