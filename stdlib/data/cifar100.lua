local dataset = require "dataset"
local schema = require "schema"

local superclasses = require "dataset.cifar100_superclasses"
local class_names = {}
for _, group in ipairs(superclasses) do
  for _, class in ipairs(group[2]) do class_names[#class_names + 1] = class end
end
table.sort(class_names) -- the official numbers are those of the alphabet

local origin = require "cifar_images" {
  name = "cifar100", label_bytes = 2, archive = "cifar-100-binary", train = { "train.bin" }, test = { "test.bin" },
  class_names = class_names, counts = { official = 500, sheets = 500, sample = 10 },
  groups = superclasses, group_level = "coarse",
  mean = { 0.5071, 0.4865, 0.4409 }, deviation = { 0.2673, 0.2564, 0.2762 },
  fields = { { "level", "one of fine|coarse", "fine", "100 classes such as apple, or the 20 superclasses they "
               .. "belong to, such as fruit_and_vegetables; the samples are chosen by fine class either way" } },
}

--- CIFAR-100: pictures of a hundred kinds of things in 20 superclasses, 32 x 32 in colour (Krizhevsky 2009), 500 of
-- each kind for training and 100 for testing, from cifar100/ of a folder of $MOONLAB_DATA: the official binary files
-- (or the folder cifar-100-binary with them); or tile sheets of JPEG with index.json, which are lossy; or
-- train_sample.bin and test_sample.bin, 10 and 3 exact ones of each. One half with fine labels joined with the other
-- half, of which only the superclass is known:
--
--     cifar100 { fraction = 0.5 }
--     cifar100 { name = "cifar100-coarse", level = "coarse", skip = 0.5 }
-- @usage cifar100 { level = "coarse", fraction = 0.1 }
return schema.declare("data.cifar100", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
