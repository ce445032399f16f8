-- Sets of pictures in the layouts of their authors, and where pictures are kept.
local t = require "test"
require "host.data"
local image = require "host.image"
local schema = require "schema"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-layouts"
local official, home = os.getenv "MOONLAB_DATA", os.getenv "MOONLAB_HOME"
system.set_environment("MOONLAB_DATA", folder)
system.set_environment("MOONLAB_HOME", folder .. "/home")

local function put_text(path, text)
  local parent = folder
  for part in path:gmatch "([^/]+)/" do
    parent = parent .. "/" .. part
    if not system.stat(parent) then system.mkdir(parent) end
  end
  system.write_atomic(folder .. "/" .. path, text)
end

local function put(path, value, height, width)
  local pixels = torch.full({ height or 8, width or 8, 3 }, value, { dtype = torch.uint8 })
  put_text(path, image.encode(pixels, path:match "%.%w+$", 100))
end

-- A MATLAB file of lists of whole numbers, as far as it matters here: little-endian, not compressed.
local function mat(lists)
  local function little(number, bytes)
    local text = ""
    for _ = 1, bytes do
      text = text .. string.char(number % 256)
      number = math.floor(number / 256)
    end
    return text
  end
  local function element(kind, content)
    return little(kind, 4) .. little(#content, 4) .. content .. ("\0"):rep(-#content % 8)
  end
  local text = (" "):rep(124) .. little(0x0100, 2) .. "IM"
  for name, list in pairs(lists) do
    local numbers = ""
    for _, number in ipairs(list) do numbers = numbers .. little(number, 2) end
    text = text .. element(14, element(6, little(11, 8)) .. element(5, little(1, 4) .. little(#list, 4))
      .. element(1, name) .. element(4, numbers))
  end
  return text
end

t.test("102 Flowers: labels and splits stand in MATLAB files", function()
  for i = 1, 6 do put(("flowers102/jpg/image_%05d.jpg"):format(i), 20 * i) end
  put_text("flowers102/imagelabels.mat", mat { labels = { 102, 1, 54, 54, 1, 102 } })
  put_text("flowers102/setid.mat", mat { trnid = { 2, 3, 1 }, valid = { 4 }, tstid = { 6, 5 } })
  local node = schema.find "data.flowers102" { side = 4, memory = "stream" }
  t.eq(#node.class_names, 102)
  t.eq({ node.class_names[1], node.class_names[54], node.class_names[102] },
    { "pink_primrose", "sunflower", "blackberry_lily" })
  local built = node:build()
  t.eq(built:splits(), { "train", "val", "test" })
  t.eq({ #built:set "train", #built:set "val", #built:set "test" }, { 3, 1, 2 })
  local pixels, labels = built:set "test":images():select(1, 0):select(1, 0):select(1, 0):totable(), {}
  for i, label in ipairs(built:set "test":labels():totable()) do labels[math.floor(pixels[i] / 20 + 0.5)] = label end
  t.eq(labels, { [5] = 0, [6] = 101 })
  put_text("flowers102/setid.mat", mat { trnid = { 2, 9 }, valid = { 4 }, tstid = { 6 } })
  t.raises(function() schema.find "data.flowers102" { side = 5 }:build() end,
    "setid.mat: trnid: picture 9 has no label of 1 to 102")
end)

t.test("Oxford pets: the class is in the name, the split in annotations", function()
  put("pets/images/Abyssinian_1.jpg", 50)
  put("pets/images/Abyssinian_2.jpg", 60)
  put("pets/images/yorkshire_terrier_10.jpg", 70)
  put("pets/images/Egyptian_Mau_3.jpg", 80)
  put_text("pets/annotations/trainval.txt",
    "#Image CLASS-ID SPECIES BREED ID\nAbyssinian_1 1 1 1\r\nyorkshire_terrier_10 37 2 25\n")
  put_text("pets/annotations/test.txt", "Egyptian_Mau_3 12 1 6\n\nAbyssinian_2 1 1 1\n")
  local node = schema.find "data.pets" { side = 4 }
  t.eq(#node.class_names, 37)
  t.eq(node.size, 2)
  local built = node:build()
  t.eq(built:set "train":counts()[1], 1)
  t.eq(built:set "train":counts()[37], 1)
  t.eq(#built:set "test", 2)
  put_text("pets/annotations/test.txt", "Egyptian_Mau_3 12 1 6\nEgyptian_Cow_3 12 1 6\n")
  t.raises(function() schema.find "data.pets" { side = 5 }:build() end, "test.txt: line 2: expected")
end)

t.test("AwA2: features with the class of each picture, or with all attributes of its kind", function()
  put_text("awa2/classes.txt", "     1\tantelope\n     2\tgrizzly+bear\n")
  put_text("awa2/predicates.txt", "     1\tblack\n     2\tbig\n     3\tfast\n")
  put_text("awa2/predicate-matrix-binary.txt", "0 0 1\n1 1 0\n")
  put_text("awa2/Features/ResNet101/AwA2-features.txt", "0.5 1 2\n3 4 5e-1\n6 7 8\n9 10 11\n")
  put_text("awa2/Features/ResNet101/AwA2-labels.txt", "1\n2\n2\n1\n")
  local awa2 = schema.find "data.awa2"
  local built = awa2 { test = 1, batch = 4 }:build()
  t.eq(built.class_names, { "antelope", "grizzly_bear" })
  t.eq({ #built:set "train", #built:set "test" }, { 2, 2 })
  t.eq(built:set "train":shape(), { 3, 1, 1 })
  local attributes = awa2 { level = "attribute", batch = 4 }:build()
  t.eq(attributes.class_names, { "black", "big", "fast" })
  for batch in attributes:loader("train", { shuffle = false }):each(0) do
    t.eq(batch.x:size(), { 4, 3, 1, 1 })
    local first, seen = batch.x:select(1, 0):flatten():totable(), {}
    local rows = batch.t:totable()
    for i, value in ipairs(first) do seen[value] = rows[i] end
    t.eq(seen, { [0.5] = { 0, 0, 1 }, [3] = { 1, 1, 0 }, [6] = { 1, 1, 0 }, [9] = { 0, 0, 1 } })
  end
  local trunk = schema.find "vision.mlp" { widths = { 5 } }:build { image = built:image() }
  for batch in built:loader("test"):each(0) do t.eq(trunk(batch.x):size(), { 2, 5 }) end
  put_text("awa2/Features/ResNet101/AwA2-features.txt", "0.5 1 2\n3 four 5\n")
  local other = require "host.data"
  t.raises(function() other.read_vectors(folder .. "/awa2/Features/ResNet101/AwA2-features.txt") end,
    "line 2: number 2: 'four' is no number")
  put_text("awa2/Features/ResNet101/AwA2-features.txt", "0.5 1 2\n3 4\n")
  t.raises(function() other.read_vectors(folder .. "/awa2/Features/ResNet101/AwA2-features.txt") end,
    "line 2: expected 3 numbers, got 2")
end)

local images = schema.find "data.images"
local resized_crop, flip = schema.find "augment.resized_crop", schema.find "augment.flip"
local jitter = schema.find "augment.jitter"

t.test("pictures in memory, mapped and in their files train alike; workers do not matter", function()
  for i = 1, 9 do
    put(("set/%s/%d.png"):format(i % 2 == 0 and "even" or "odd", i), 25 * i, 8 + i % 3 * 4, 10)
  end
  local function batches(memory, workers, augment, epoch)
    local built = images { root = folder .. "/set", side = 6, batch = 4, memory = memory, augment = augment }:build()
    local list = {}
    local loader = built:loader("train", { seed = 3, workers = workers })
    for batch in loader:each(epoch or 0) do list[#list + 1] = batch.x end
    return torch.cat(list)
  end
  local plain = batches "ram"
  t.ok(plain:equal(batches "mmap"))
  t.ok(plain:equal(batches "mmap")) -- from the cache
  for _, workers in ipairs { 0, 1, 2, 7 } do t.ok(plain:equal(batches("stream", workers)), workers) end
  local changes = { resized_crop {}, flip {}, jitter { brightness = 0.4 } }
  local expected = batches("stream", 0, changes)
  for _, workers in ipairs { 1, 2, 7 } do t.ok(expected:equal(batches("stream", workers, changes)), workers) end
  t.ok(not expected:equal(batches("stream", 2, changes, 1)))
  t.raises(function() images { root = folder .. "/set", memory = "disk" } end, "memory")
end)

t.test("an epoch of files begins at any batch, and may be left in its middle", function()
  local built = images { root = folder .. "/set", side = 6, batch = 2, memory = "stream",
                         augment = { flip {} } }:build()
  local loader, all = built:loader("train", { seed = 3 }), {}
  for batch in loader:each(1) do all[#all + 1] = batch.x end
  for batch in loader:each(1) do
    t.ok(batch.x:equal(all[1]))
    break
  end
  local at = 3
  for batch in loader:each(1, 3) do
    at = at + 1
    t.ok(batch.x:equal(all[at]))
  end
  t.eq(at, #all)
end)

t.test("damaged files are named, left out as told, or stop the batch that needs them", function()
  put_text("bad/a/cut.png", ("\137PNG\r\n\26\n"):rep(1) .. "half")
  put_text("bad/a/empty.jpg", "")
  put_text("bad/a/text.jpg", "no picture at all")
  put("bad/a/good.png", 9)
  put("bad/b/good.png", 8)
  system.mkdir(folder .. "/bad/b/folder.jpg")
  local function build(options)
    options.root, options.side = folder .. "/bad", 4
    return images(options):build()
  end
  for _, memory in ipairs { "ram", "mmap", "stream" } do
    t.eq(build { memory = memory, damaged = "skip" }:set "train":counts(), { 1, 1 })
  end
  t.raises(function() build { memory = "mmap" } end, "bad/a/cut.png: cut short")
  put_text("late/a/text.jpg", "no picture at all")
  put("late/b/good.png", 8)
  local late = images { root = folder .. "/late", side = 4, memory = "stream" }:build()
  t.raises(function() for _ in late:loader "train":each(0) do end end,
    "late/a/text.jpg: is no picture that can be read")
  t.raises(function() images { root = folder .. "/late", side = 4, damaged = "skip" }:build() end,
    "class 'a': none of its 1 pictures can be decoded")
end)

t.test("one class alone is no experiment", function()
  local one = schema.find "experiment" "one" {
    data = images { name = "lonely", root = folder .. "/set", only = { "even" }, side = 4 },
    model = schema.find "trunk" { schema.find "vision.mlp" { widths = { 4 } }, head = schema.find "head.softmax" {} },
    optim = schema.find "optim.adam" {}, train = { steps = 1 },
  }
  t.raises(function() require "trial".assemble(one.args, {}) end, "'lonely' has one class alone, 'even'")
end)

t.test("folds part the training samples of each class, and each is for validation once", function()
  local seen, sum = {}, 0
  for i = 1, 3 do
    local node = images { root = folder .. "/set", side = 4, fold = { 3, i } }
    local built = node:build()
    t.eq(#built:set "train" + #built:set "val", 9)
    t.eq(node.size, #built:set "train")
    for _, row in ipairs(built:set "val":rows():totable()) do
      t.ok(not seen[row], "in two folds")
      seen[row], sum = true, sum + 1
    end
    for _, row in ipairs(built:set "train":rows():totable()) do
      for _, other in ipairs(built:set "val":rows():totable()) do t.ok(row ~= other) end
    end
  end
  t.eq(sum, 9)
  t.raises(function() images { root = "x", fold = { 3, 4 } } end, "fold takes { k, i }")
  t.raises(function() images { root = "x", fold = { 3, 1 }, val = 2 } end, "give one of fold and val")
end)

system.set_environment("MOONLAB_DATA", official or "")
system.set_environment("MOONLAB_HOME", home or "")
system.remove(folder)
