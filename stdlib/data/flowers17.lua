local dataset = require "dataset"
local folder_images = require "folder_images"
local schema = require "schema"

local class_names = {
  "bluebell", "buttercup", "colts_foot", "cowslip", "crocus", "daffodil", "daisy", "dandelion", "fritillary", "iris",
  "lily_valley", "pansy", "snowdrop", "sunflower", "tigerlily", "tulip", "windflower",
}
local counts = {}
for i = 1, #class_names do counts[i] = 70 end
local origin = folder_images.known { name = "flowers17", class_names = class_names, counts = counts, side = 64 }

--- Oxford 17 flowers: 80 photographs of each of 17 kinds (Nilsback and Zisserman 2006), 70 for training and 10 for
-- testing, from train/CLASS/*.jpg and test/CLASS/*.jpg in flowers17/ of a folder of $MOONLAB_DATA. Its daisy,
-- dandelion, sunflower and tulip have the same names in `flowers5`, so that a join merges them:
--
--     join { graph = g, flowers17 { side = 64 }, flowers5 { side = 64 } }
-- @usage flowers17 { side = 64, val = 0.1 }
return schema.declare("data.flowers17", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
