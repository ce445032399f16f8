local schema = require "schema"
local make = require("host.module").make

--- ResNet-18 (He et al. 2016): [B, C, H, W] -> [B, 8 * width]. Names of
-- weights are torchvision's, without fc. The stem of "imagenet" is for pictures from 64 x 64 on, that of "cifar" for 32 x 32.
-- @usage vision.resnet18 { stem = "cifar" }
return schema.declare("vision.resnet18", {
  { "stem", "one of auto|imagenet|cifar", "auto", "a 7x7 convolution and a pooling that leave a sixteenth of the pixels, or a "
    .. "3x3 convolution; auto: cifar for pictures below 64 x 64" },
  { "width", "integer > 0", 64, "channels of the first stage; each later one has twice as many" },
}, function(o, context)
  local image = context and context.image or { 3, 224, 224 }
  local stem = o.stem
  if stem == "auto" then stem = math.min(image[2], image[3]) < 64 and "cifar" or "imagenet" end
  return make("ResNet", { in_channels = image[1], blocks = { 2, 2, 2, 2 }, width = o.width, stem = stem })
end)
