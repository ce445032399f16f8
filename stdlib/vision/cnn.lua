local schema = require "schema"
local make = require("host.module").make

--- A small convolutional trunk for images such as digits: blocks of 3x3 convolution, ReLU and 2x2 max pooling, then a
-- linear layer with ReLU. x [B, channels, size, size] -> [B, width].
-- @usage vision.cnn { channels = { 16, 32 }, width = 128 }
return schema.declare("vision.cnn", {
  { "channels", "list of integer > 0", { 16, 32 }, "channels of the convolutions, a block for each" },
  { "width", "integer > 0", 128, "number of features" },
  { "dropout", "number in [0, 1]", 0.0, "share of features dropped while training" },
}, function(o, context)
  local image = context and context.image or { 1, 28, 28 }
  return make("Cnn", { in_channels = image[1], size = image[2], channels = o.channels, features = o.width, dropout = o.dropout })
end)
