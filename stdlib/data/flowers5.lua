local dataset = require "dataset"
local folder_images = require "folder_images"
local schema = require "schema"

local origin = folder_images.known {
  name = "flowers5", class_names = { "daisy", "dandelion", "rose", "sunflower", "tulip" },
  counts = { 200, 200, 200, 200, 200 }, test = 40, side = 64,
}

--- Flowers of 5 kinds: 200 photographs of each from Flickr, squeezed to squares, from train/CLASS/*.jpg in flowers5/ of
-- a folder of $MOONLAB_DATA. There is no official test set: 40 of each kind are held out. Four kinds are also in
-- `flowers17`, taken by other people with other cameras; the rose is here alone.
-- @usage flowers5 { side = 64, per_class = 100 }
return schema.declare("data.flowers5", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
