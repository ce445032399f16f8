local schema = require "schema"
local make = require("host.module").make

--- The MNIST network of Label Embedding Networks: two 5x5 convolutions (32, 64 channels) with 2x2 pooling and a layer of
-- 1024. x [B, 1, 28, 28] -> [B, 1024].
-- @usage vision.mnist_cnn {}
return schema.declare("vision.mnist_cnn", {}, function() return make "MnistCnn" end)
