local dataset = require "dataset"
local schema = require "schema"

local origin = require "cifar_images" {
  name = "cifar10", label_bytes = 1, archive = "cifar-10-batches-bin",
  train = { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin" },
  test = { "test_batch.bin" },
  class_names = { "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck" },
  counts = { official = 5000, sheets = 1000, sample = 50 },
  mean = { 0.4914, 0.4822, 0.4465 }, deviation = { 0.2470, 0.2435, 0.2616 },
}

--- CIFAR-10: pictures of ten kinds of animals and vehicles, 32 x 32 in colour (Krizhevsky 2009), from cifar10/ of a
-- folder of $MOONLAB_DATA: the official binary files (or the folder cifar-10-batches-bin with them), 50,000 for
-- training and 10,000 for testing; or tile sheets of JPEG, train/CLASS.jpg and test/CLASS.jpg with index.json, which
-- are lossy and hold 1,000 and 200 of each class; or train_sample.bin and test_sample.bin, 50 and 20 exact ones of
-- each.
-- @usage cifar10 { per_class = 100, val = 0.1 }
return schema.declare("data.cifar10", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
