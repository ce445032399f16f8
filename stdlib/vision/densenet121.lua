local image_network = require "image_network"
local schema = require "schema"

--- DenseNet-121 (Huang et al. 2017): [B, C, H, W] -> [B, 1024]. The stem of "imagenet" is for pictures from 64 x 64
-- on, that of "cifar" for 32 x 32.
-- @usage vision.densenet121 { stem = "cifar" }
return schema.declare("vision.densenet121", image_network.fields { image_network.stem },
  image_network.builder("vision.densenet121", "DenseNet", "densenet", function(o, image)
    return { blocks = { 6, 12, 24, 16 }, growth = 32, width = 64, stem = image_network.stem_for(o.stem, image) }
  end))
