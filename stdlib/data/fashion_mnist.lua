local dataset = require "dataset"
local schema = require "schema"

local origin = require "idx_images" {
  name = "fashion-mnist", mean = 0.2860, deviation = 0.3530,
  class_names = { "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
                  "ankle_boot" },
  counts = { 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000 },
}

--- Fashion-MNIST: 60,000 training and 10,000 test pictures of clothing, 28 x 28 (Xiao, Rasul, Vollgraf 2017), from the
-- four IDX files in fashion-mnist/ of a folder of $MOONLAB_DATA.
-- @usage fashion_mnist { fraction = 0.1, val = 0.1 }
return schema.declare("data.fashion_mnist", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
