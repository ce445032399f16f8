local dataset = require "dataset"
local folder_images = require "folder_images"
local schema = require "schema"

local origin = {
  name = "images", class_names = {}, counts = {}, official_test = true, resolve = folder_images.of_user,
  fields = {
    { "root", "path", schema.required, "folder of the pictures; $DATA/x is x in a folder of $MOONLAB_DATA" },
    { "split", "one of auto|official|none or map of number in [0, 1]", "auto", "official: the folders train, test and "
      .. "val below the root; none: all are for training; { train = 0.8, test = 0.2 }: shares of each class; auto: "
      .. "official where there is a folder train" },
    unpack(folder_images.fields(64)),
  },
}

--- Pictures of your own in folders, ROOT/train/CLASS/*.jpg and ROOT/test/CLASS/*.jpg, or ROOT/CLASS/*.jpg: JPEG, PNG,
-- WebP and BMP, turned as their EXIF says, cut and averaged down to `side`, kept as bytes in memory. A class is called
-- as its folder, in lower case and with "_" for everything that is neither letter nor digit, so that "Colts' Foot" of
-- one set is "colts_foot" of another.
-- @usage images { name = "pets", root = "$DATA/pets", side = 96, split = { train = 0.9, test = 0.1 } }
return schema.declare("data.images", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
