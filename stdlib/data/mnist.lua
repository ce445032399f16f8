local dataset = require "dataset"
local schema = require "schema"

local origin = require "idx_images" {
  name = "mnist", class_names = dataset.digits, mean = 0.1307, deviation = 0.3081,
  counts = { 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949 },
}

--- MNIST: 60,000 training and 10,000 test digits, 28 x 28, from the four IDX files in mnist/ of a folder of
-- $MOONLAB_DATA.
-- @usage mnist { fraction = 0.1, val = 0.1 }
return schema.declare("data.mnist", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
