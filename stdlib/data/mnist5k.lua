local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local schema = require "schema"

local origin = { name = "mnist5k", class_names = dataset.digits, counts = {}, test = 150 }
for i = 1, 10 do origin.counts[i] = 500 end

function origin.read(folder)
  return data.read_csv_images(catalogue.file(folder, "mnist_5k.csv.gz"), 28, 28,
    { name = origin.name, class_names = origin.class_names, mean = { 0.1307 }, deviation = { 0.3081 } })
end

--- 5,000 real digits of MNIST, 500 of each, as 28 x 28 images; small enough to come with the first run. There is no
-- official test set: 150 of each digit are held out. Parts with different `skip` are disjoint:
--
--     mnist5k { name = "digits", per_class = 30 }                        -- 30 of each digit, and 1,500 test images
--     mnist5k { name = "strokes", skip = 30, per_class = 250, test = 0,  -- 2,500 others, known by their stroke only
--               labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } }
-- @usage mnist5k { per_class = 30 }
return schema.declare("data.mnist5k", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
