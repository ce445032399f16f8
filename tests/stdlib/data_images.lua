local t = require "test"
require "host.data"
local image = require "host.image"
local schema = require "schema"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-images"
local official = os.getenv "MOONLAB_DATA"
local home = os.getenv "MOONLAB_HOME"
system.set_environment("MOONLAB_DATA", folder)
system.set_environment("MOONLAB_HOME", folder .. "/home")

local function put(path, value, height, width)
  local parent = folder
  for part in path:gmatch "([^/]+)/" do
    parent = parent .. "/" .. part
    if not system.stat(parent) then system.mkdir(parent) end
  end
  local pixels = torch.full({ height or 8, width or 8, 3 }, value, { dtype = torch.uint8 })
  system.write_atomic(folder .. "/" .. path, image.encode(pixels, ".png"))
end

for i = 1, 4 do
  put(("pets/train/Persian Cat/%d.png"):format(i), i)
  put(("pets/train/beagle/%d.png"):format(i), 10 + i, 8, 12)
  put(("flat/beagle/%d.png"):format(i), 10 + i)
  put(("flat/boxer/%d.png"):format(i), 20 + i)
end
put("pets/test/beagle/1.png", 30)

local images = schema.find "data.images"
local crop, flip = schema.find "augment.crop", schema.find "augment.flip"

t.test("folders train and test are the splits; classes have the names joins compare", function()
  local node = images { name = "pets", root = "$DATA/pets", side = 4 }
  t.eq(node.class_names, { "beagle", "persian_cat" })
  local built = node:build()
  t.eq(built:splits(), { "train", "test" })
  t.eq(built:set "train":shape(), { 3, 4, 4 })
  t.eq(built:set "train":counts(), { 4, 4 })
  t.eq(built:set "test":counts(), { 1, 0 })
  t.eq(built:set "test":images():max():item(), 30)
  local set = built:set "train"
  local pixels = set:images():select(1, 0):select(1, 0):select(1, 0):totable()
  local labels, found = set:labels():totable(), {}
  for i, pixel in ipairs(pixels) do found[pixel] = labels[i] end
  t.eq(found, { [11] = 0, [12] = 0, [13] = 0, [14] = 0, [1] = 1, [2] = 1, [3] = 1, [4] = 1 })
end)

t.test("a share of each class is for testing, and the options of all sets hold", function()
  local built = images { root = folder .. "/flat", split = { train = 0.75, test = 0.25 }, per_class = 2,
                         side = { 4, 6 }, labels = { dog = { "beagle", "boxer" } } }:build()
  t.eq(built:set "train":shape(), { 3, 4, 6 })
  t.eq(#built:set "train", 4)
  t.eq(#built:set "test", 2)
  t.eq(built:set "train":overlap(built:set "test"), 0)
  t.eq(built.class_names, { "dog" })
  t.eq(images { root = folder .. "/flat", side = 4 }:build():splits(), { "train" })
end)

t.test("what is wrong with a folder of pictures is said", function()
  local function build(options) return function() images(options):build() end end
  t.raises(build { root = "$DATA/none" }, "$DATA/none is not there")
  t.raises(build { root = folder .. "/home/none" }, "No such file")
  t.raises(build { root = folder .. "/flat", split = { train = 0.5, tset = 0.5 } }, "got 'tset'")
  t.raises(build { root = folder .. "/flat", split = { train = 0.5, test = 0.2 } }, "must add up to 1")
  t.raises(build { root = folder .. "/flat", mean = { 0.5 } }, "mean takes three numbers")
  t.raises(build { root = folder .. "/flat", side = { 1, 2, 3 } }, "side is a number or { height, width }")
  t.raises(function() images { root = "x", fit = "corp" } end, "crop")
  put("broken/a/1.png", 5)
  put("broken/a/2.png", 5)
  system.write_atomic(folder .. "/broken/a/1.png", "no picture")
  t.raises(build { root = folder .. "/broken" }, "broken/a/1.png: is no picture that can be read")
  t.eq(#images { root = folder .. "/broken", damaged = "skip" }:build():set "train", 1)
end)

t.test("augmented batches depend on seed and epoch, not on workers; other splits stay as they are", function()
  local built = images { root = "$DATA/pets", side = 8, batch = 3, normalise = false,
                         augment = { crop { pad = 2, fill = 1 }, flip {} } }:build()
  local function batches(seed, epoch, workers)
    local list = {}
    for batch in built:loader("train", { seed = seed, workers = workers }):each(epoch) do list[#list + 1] = batch.x end
    return torch.cat(list)
  end
  local first = batches(1, 0, 1)
  t.eq(first:size(0), 8)
  t.ok(first:equal(batches(1, 0, 3)), "three workers give other batches")
  t.ok(not first:equal(batches(1, 1, 1)), "two epochs are alike")
  t.eq(first:max():item(), 1)
  for batch in built:loader "test":each(0) do t.near(batch.x:max():item(), 30 / 255, 1e-6) end
  t.raises(function() built:loader("train", { transform = "return function(x) return x end" }) end,
    "give one of transform and the data's own transform and augment")
  t.raises(function() images { root = "$DATA/pets", augment = { flip { p = 2 } } } end, "p")
end)

t.test("CIFAR in its official binary form, with superclasses", function()
  local superclasses = require "dataset.cifar100_superclasses"
  local node = schema.find "data.cifar100"
  t.eq(#node {}.class_names, 100)
  t.eq(node { level = "coarse" }.classes, 20)
  t.eq(node {}.size, 50000)
  local names, records = node {}.class_names, {}
  for i, name in ipairs(names) do
    for c, group in ipairs(superclasses) do
      for _, member in ipairs(group[2]) do
        if member == name then records[i] = string.char(c - 1, i - 1) .. string.char(i % 256):rep(3072) end
      end
    end
  end
  t.eq(#records, 100)
  system.mkdir(folder .. "/cifar100")
  system.mkdir(folder .. "/cifar100/cifar-100-binary")
  local bytes = table.concat(records)
  system.write_atomic(folder .. "/cifar100/cifar-100-binary/train.bin", bytes:rep(2))
  system.write_atomic(folder .. "/cifar100/cifar-100-binary/test.bin", bytes)
  local built = node { level = "coarse" }:build()
  t.eq(#built:set "train", 200)
  t.eq(built:set "test":counts(), { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 })
  t.eq(node { only = { "apple", "flowers" } }.class_names, { "apple", "orchid", "poppy", "rose", "sunflower", "tulip" })
end)

if official and official ~= "" then
  t.test("four labels of the two real collections of flowers are the same", function()
    system.set_environment("MOONLAB_DATA", official)
    local a, b = schema.find "data.flowers17" { side = 16 }, schema.find "data.flowers5" { side = 16 }
    local seen, shared = {}, {}
    for _, name in ipairs(a.class_names) do seen[name] = true end
    for _, name in ipairs(b.class_names) do
      if seen[name] then shared[#shared + 1] = name end
    end
    t.eq(shared, { "daisy", "dandelion", "sunflower", "tulip" })
    if require "catalogue".find "flowers17" then
      t.eq(#a:build():set "train", 1190)
      t.eq(#a:build():set "test", 170)
    end
    if require "catalogue".find "flowers5" then t.eq(#b:build():set "train", 800) end
    system.set_environment("MOONLAB_DATA", folder)
  end)
end

system.set_environment("MOONLAB_DATA", official or "")
system.set_environment("MOONLAB_HOME", home or "")
system.remove(folder)
