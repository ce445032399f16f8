local schema = require "schema"
local residual_network = require "residual_network"

--- ResNet-18 (He et al. 2016): [B, C, H, W] -> [B, 8 * width]. Names of
-- weights are torchvision's, without fc. The stem of "imagenet" is for pictures from 64 x 64 on, that of "cifar" for 32 x 32.
-- @usage vision.resnet18 { stem = "cifar" }
return schema.declare("vision.resnet18", residual_network.fields(),
  residual_network.builder("vision.resnet18", { 2, 2, 2, 2 }))
