local image_network = require "image_network"
local schema = require "schema"

--- DenseNet-169 (Huang et al. 2017): [B, C, H, W] -> [B, 1664]. The stem of "imagenet" is for pictures from 64 x 64
-- on, that of "cifar" for 32 x 32.
-- @usage vision.densenet169 { stem = "cifar" }
return schema.declare("vision.densenet169", image_network.fields { image_network.stem },
  image_network.builder("vision.densenet169", "DenseNet", "densenet", function(o, image)
    return { blocks = { 6, 12, 32, 32 }, growth = 32, width = 64, stem = image_network.stem_for(o.stem, image) }
  end))
