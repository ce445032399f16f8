local schema = require "schema"
local make = require("host.module").make

--- The MNIST network of Label Embedding Networks: two 5x5 convolutions (32, 64 channels) with 2x2 pooling and a layer
-- of 1024. Weights begin normal with `deviation`, cut at twice of it, and biases at 0. x [B, 1, 28, 28] -> [B, 1024].
-- @usage vision.mnist_cnn {}
return schema.declare("vision.mnist_cnn", {
  { "deviation", "number > 0", 0.1, "of the weights at the beginning" },
}, function(o) return make("MnistCnn", { deviation = o.deviation }) end)
