local t = require "test"
local schema = require "schema"
local system = require "host.system"
local data = require "host.data"

-- A set of the size of mnist5k whose first two pixels number the images, so that no two are equal.
local folder = system.temporary_folder "moonlab-data"
system.mkdir(folder .. "/mnist5k")
do
  local zeros, lines = (",0"):rep(782), {}
  for i = 0, 4999 do lines[i + 1] = ("%d,%d%s,%d"):format(i % 256, math.floor(i / 256), zeros, math.floor(i / 500)) end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end
local official = os.getenv "MOONLAB_DATA"
system.set_environment("MOONLAB_DATA", folder)
local mnist5k = schema.find "data.mnist5k"

local function sizes(node)
  local built = node:build()
  local list = {}
  for _, split in ipairs(built:splits()) do list[split] = #built:set(split) end
  return list
end

t.test("all images but the held out ones are for training", function()
  t.eq(sizes(mnist5k {}), { train = 3500, test = 1500 })
  t.eq(sizes(mnist5k { test = 0 }), { train = 5000 })
  t.eq(sizes(mnist5k { val = 0.1, test = 100 }), { train = 3600, val = 400, test = 1000 })
  t.eq(sizes(mnist5k { val = 7, take = 123 }), { train = 123, val = 70, test = 1500 })
end)

t.test("the size read from a node is the size of what is built", function()
  local cases = { {}, { per_class = 30 }, { take = 77, skip = 3 }, { fraction = 0.013 },
                  { val = 0.123, fraction = 0.5 }, { fraction = 0.013, stratify = false, val = 3 },
                  { only = { 3, 8 }, fraction = 0.3, test = 0 } }
  for _, options in ipairs(cases) do
    local node = mnist5k(options)
    t.eq(node.size, #node:build():set "train", tostring(node))
  end
end)

t.test("parts with another skip are disjoint, and so are the test images", function()
  local a = mnist5k { name = "digits", per_class = 30 }:build()
  local b = mnist5k { name = "strokes", skip = 30, per_class = 250, test = 0 }:build()
  t.eq(a:set "train":counts(), { 30, 30, 30, 30, 30, 30, 30, 30, 30, 30 })
  t.eq(#b:set "train", 2500)
  t.eq(a:set "train":overlap(b:set "train"), 0)
  t.eq(a:set "test":overlap(b:set "train"), 0)
  t.eq(a:set "test":overlap(a:set "train"), 0)
  t.eq(#a:set "test", 1500)
end)

t.test("a larger training set holds the smaller one, and the test images stay", function()
  local small, large = mnist5k { per_class = 10 }:build(), mnist5k { per_class = 100 }:build()
  t.eq(small:set "train":overlap(large:set "train"), 100)
  t.eq(small:set "test":fingerprint(), large:set "test":fingerprint())
  local other = mnist5k { per_class = 10, split_seed = 1 }:build()
  t.ok(other:set "train":fingerprint() ~= small:set "train":fingerprint(), "the split seed changes nothing")
end)

t.test("labels are made coarser, by groups or one by one", function()
  local groups = mnist5k { per_class = 2,
                           labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } }
  t.eq(groups.class_names, { "curved", "straight", "mixed" })
  t.eq(groups.classes, 3)
  t.eq(groups:build().class_names, groups.class_names)
  t.eq(groups:build():set "train":counts(), { 10, 6, 4 })
  local renamed = mnist5k { per_class = 2, labels = { ["1"] = "one", ["7"] = "one" } }
  t.eq(renamed.class_names, { "0", "one", "2", "3", "4", "5", "6", "8", "9" })
  t.eq(renamed:build():set "test":counts()[2], 300)
  t.eq(mnist5k { only = { 7, "3" } }.class_names, { "7", "3" })
  t.eq(mnist5k { only = { 7, "3" }, per_class = 4 }:build():set "train":counts(), { 4, 4 })
end)

t.test("what cannot be chosen is said when it is written", function()
  t.raises(function() mnist5k { per_class = 400 } end,
    "class '0' has 350 of 500 images left, 400 wanted for training (option 'per_class')")
  t.raises(function() mnist5k { skip = 350 } end, "no image is left for training")
  t.raises(function() mnist5k { take = 4000 } end, "3500 images are left, 4000 wanted")
  t.raises(function() mnist5k { take = 10, fraction = 0.1 } end, "give one of per_class, take and fraction")
  t.raises(function() mnist5k { val = 1.5 } end, "val = 1.5 is neither")
  t.raises(function() mnist5k { only = { "tne" } } end, "no class 'tne'")
  t.raises(function() mnist5k { labels = { a = { 1, 2 } } } end, "class '0' is in none of the labels (option 'labels')")
  t.raises(function() mnist5k { labels = { a = { 1 }, b = { 1 } } } end, "class '1' is in two labels")
  t.raises(function() mnist5k { labels = { a = { 1, 1 } } } end, "class '1' is given twice in label 'a'")
  t.raises(function() mnist5k { pre_class = 3 } end, "did you mean 'per_class'?")
  t.raises(function() mnist5k {}:build():set "tets" end,
    "dataset 'mnist5k' has no split 'tets'; did you mean 'test'? (train, test)")
end)

t.test("a loader gives batches in an order of the seed and the epoch", function()
  local built = mnist5k { per_class = 10, batch = 16 }:build()
  local function order(seed, epoch, from)
    local seen = {}
    for batch in built:loader("train", { seed = seed }):each(epoch, from) do
      t.eq(batch.x:size(1), 1)
      t.eq(batch.x:size(0), batch.y:size(0))
      for _, i in ipairs(batch.idx:totable()) do seen[#seen + 1] = i end
    end
    return seen
  end
  local first = order(1, 0)
  t.eq(#first, 100)
  t.eq(order(1, 0), first)
  t.ok(t.show(order(1, 1)) ~= t.show(first), "two epochs have one order")
  t.ok(t.show(order(2, 0)) ~= t.show(first), "two seeds have one order")
  local rest = order(1, 0, 5)
  t.eq(#rest, 20)
  t.eq(rest[1], first[81])
  local sorted = {}
  for batch in built:loader "test":each(0) do
    for _, i in ipairs(batch.idx:totable()) do sorted[#sorted + 1] = i end
  end
  t.eq(#sorted, 1500)
  t.eq(sorted[1500], 1499)
  local dropping = mnist5k { per_class = 10, batch = 16, last = "drop" }:build()
  t.eq(dropping:loader "train":batches(), 6)
  t.eq(dropping:loader "test":batches(), 94)
end)

t.test("the images of a batch are those of their labels", function()
  local built = mnist5k { per_class = 10, normalise = false }:build()
  for batch in built:loader("train", { seed = 3 }):each(0) do
    local pixels = batch.x:reshape { batch.x:size(0), 784 }:mul(255):round():totable()
    for i, y in ipairs(batch.y:totable()) do t.eq(math.floor((pixels[i][1] + 256 * pixels[i][2]) / 500), y) end
  end
end)

t.test("in-memory tensors make a dataset", function()
  local images = torch.zeros(3, 1, 2, 2):to "uint8"
  local about = { name = "mine", class_names = { "a", "b" } }
  local function labels(...) return torch.tensor { ... }:to "int64" end
  local set = data.from_tensors(images, labels(0, 1, 1), about)
  t.eq(#set, 3)
  t.eq(set:counts(), { 1, 2 })
  t.raises(function() data.from_tensors(images, labels(0, 1, 2), about) end,
    "image 2: label 2 is out of range: 2 classes")
  t.raises(function() data.from_tensors(images, labels(0, 1, 1), { class_names = { "a" } }) end,
    "option 'name' is missing")
end)

t.test("a file cut short is answered by its line", function()
  system.mkdir(folder .. "/cut/mnist5k")
  system.write_atomic(folder .. "/cut/mnist5k/mnist_5k.csv", "0" .. (",0"):rep(784) .. "\n0,0,0")
  local origin = require "dataset".origins.mnist5k
  t.raises(function() origin.read(folder .. "/cut/mnist5k") end, "mnist_5k.csv: line 2: expected 785 numbers, got 3")
  system.set_environment("MOONLAB_DATA", folder .. "/cut")
  local message = t.raises(function() mnist5k {}:build() end)
  t.eq(message, folder .. "/cut/mnist5k/mnist_5k.csv: line 2: expected 785 numbers, got 3")
  system.set_environment("MOONLAB_DATA", folder)
end)

t.test("the catalogue finds, checks and misses sets", function()
  local catalogue = require "catalogue"
  t.eq(catalogue.find "mnist5k", folder .. "/mnist5k")
  t.eq(catalogue.get "mnist5k", folder .. "/mnist5k")
  t.eq(catalogue.check "mnist5k", {})
  system.set_environment("MOONLAB_HOME", folder .. "/home")
  local found, reason = catalogue.get "mnist"
  t.eq(found, nil)
  t.ok(reason:find("mnist or " .. folder .. "/home/data/mnist; `moonlab data get mnist` fetches it", 1, true), reason)
  t.raises(function() catalogue.get "minst" end, "unknown data set 'minst'; did you mean 'mnist'?")
  for _, row in ipairs(catalogue.list()) do t.eq(row.folder ~= nil, row.name == "mnist5k") end
  system.mkdir(folder .. "/home/data/mnist")
  for _, file in ipairs(catalogue.sets.mnist.files) do
    system.write_atomic(folder .. "/home/data/mnist/" .. file[1], "no IDX")
  end
  local wrong = catalogue.check "mnist"
  t.eq(#wrong, 1)
  t.ok(wrong[1]:find("train-images-idx3-ubyte.gz: not an IDX file", 1, true), wrong[1])
end)

t.test("MNIST and Fashion-MNIST are read from their official files", function()
  system.set_environment("MOONLAB_DATA", official)
  system.set_environment("MOONLAB_HOME", folder .. "/none")
  local catalogue = require "catalogue"
  for _, name in ipairs { "mnist", "fashion_mnist" } do
    local found, reason = catalogue.find((name:gsub("_", "-")))
    if not found then t.skip(reason) end
    local node = schema.find("data." .. name) { fraction = 0.01, val = 0.1 }
    local built = node:build()
    t.eq(#built:set "test", 10000)
    t.near(#built:set "val", 6000, 5)
    t.eq(#built:set "train", node.size)
    for batch in built:loader("val", { batch = 6000 }):each(0) do -- the constants of normalisation are those of the set
      t.near(batch.x:mean():item(), 0, 0.02)
      t.near(batch.x:std():item(), 1, 0.02)
      break
    end
  end
end)

system.remove(folder)
