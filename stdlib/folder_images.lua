--- Folders of pictures, ROOT/SPLIT/CLASS/*.jpg or ROOT/CLASS/*.jpg, as origins (dataset.lua), each of one side.
local catalogue = require "catalogue"
require "host.data" -- registers the type of what host.image reads
local image = require "host.image"
local system = require "host.system"

local folder_images = {}

--- The statistics of ImageNet, which pretrained backbones expect; joined sets need one normalisation anyway.
folder_images.mean = { 0.485, 0.456, 0.406 }
folder_images.deviation = { 0.229, 0.224, 0.225 }

--- The options of every set of pictures.
-- @param side the default
function folder_images.fields(side)
  return {
    { "side", "integer > 0 or list of integer > 0", side, "pixels of the square pictures, or { height, width }" },
    { "fit", "one of crop|squeeze", "crop", "what becomes of other proportions: the largest centred part is kept, or "
      .. "the whole picture is squeezed" },
    { "damaged", "one of refuse|skip", "refuse",
      "a picture that cannot be decoded is an error, or is left out with a warning" },
    { "memory", "one of ram|mmap|stream", "ram", "where decoded pictures are: in memory; in a file of the cache that "
      .. "is read as memory; nowhere: each is decoded for its batch, and a resized_crop that comes first takes its part "
      .. "of the picture as it is stored" },
    { "cache", "boolean", true, "keep the decoded pictures in $MOONLAB_HOME/cache/images" },
    { "mean", "list of number", folder_images.mean, "of red, green and blue in [0, 1], for `normalise`" },
    { "deviation", "list of number > 0", folder_images.deviation, "of red, green and blue, for `normalise`" },
  }
end

--- The options of host.image's readers from those of fields().
function folder_images.about(o, name, class_names)
  local height, width = o.side, o.side
  if type(o.side) == "table" then height, width = o.side[1], o.side[2] end
  if type(o.side) == "table" and #o.side ~= 2 then error("side is a number or { height, width }", 0) end
  for _, key in ipairs { "mean", "deviation" } do
    if #o[key] ~= 3 then error(("%s takes three numbers, of red, green and blue, got %d"):format(key, #o[key]), 0) end
  end
  return { name = name, height = height, width = width, fit = o.fit, skip_damaged = o.damaged == "skip",
           cache = o.cache and catalogue.home() .. "/cache/images" or nil, memory = o.memory, class_names = class_names,
           mean = o.mean, deviation = o.deviation }
end

--- A host dataset of which pictures were left out: says so on the screen.
function folder_images.told(folder, set, damaged)
  for i, reason in ipairs(damaged) do
    if i <= 5 then io.stderr:write("left out: ", reason, "\n") end
  end
  if #damaged > 5 then io.stderr:write(("left out: %d more pictures of %s\n"):format(#damaged - 5, folder)) end
  return set
end

--- A folder of classes as a host dataset.
function folder_images.read(folder, o, name, class_names)
  return folder_images.told(folder, image.read_folder(folder, folder_images.about(o, name, class_names)))
end

local function is_folder(path)
  local found = system.stat(path)
  return found ~= nil and found.kind == "folder"
end

local made = {} -- the same options give the same origin, which is read once in a process

--- An origin for these options: make() gives it where there is none yet.
function folder_images.once(kind, o, make)
  local side = type(o.side) == "table" and table.concat(o.side, "x") or o.side
  local key = table.concat({ kind, side, o.fit, o.damaged, o.memory, tostring(o.cache), table.concat(o.mean, ","),
    table.concat(o.deviation, ",") }, "\n")
  made[key] = made[key] or make()
  return made[key]
end

--- The origin of a set whose classes and counts are known.
-- @param set { name, class_names, counts = training images of each class, test = held out of each class, or nil where
--   there is a folder test/, side }
function folder_images.known(set)
  local origin = { name = set.name, class_names = set.class_names, counts = set.counts,
                   official_test = set.test == nil, test = set.test, known = true,
                   fields = folder_images.fields(set.side) }
  local function reader(o)
    return function(folder)
      local train = folder_images.read(folder .. "/train", o, set.name, set.class_names)
      if set.test then return train end
      return train, folder_images.read(folder .. "/test", o, set.name, set.class_names)
    end
  end
  function origin.resolve(o)
    return folder_images.once(set.name, o, function()
      return { name = set.name, class_names = set.class_names, counts = set.counts,
               official_test = origin.official_test, read = reader(o) }
    end)
  end
  local defaults = {}
  for _, field in ipairs(origin.fields) do defaults[field[1]] = field[3] end
  origin.read = reader(defaults)
  return origin
end

-- The classes of a folder and how many pictures each has.
local function listed(folder, names)
  local classes, counts = {}, {}
  for i, class in ipairs(image.list_classes(folder, names)) do classes[i], counts[i] = class.name, class.files end
  return classes, counts
end

local function share_of(split)
  if type(split) ~= "table" then return nil end
  for key, share in pairs(split) do
    if key ~= "train" and key ~= "test" then error(("split has train and test, got '%s'"):format(tostring(key)), 0) end
    if share < 0 or share > 1 then error(("split: %s = %g is not a share"):format(key, share), 0) end
  end
  local test = split.test or 1 - (split.train or 1)
  if math.abs((split.train or 1 - test) + test - 1) > 1e-9 then error("split: train and test must add up to 1", 0) end
  return test
end

--- The origin of a folder of the user's, from the options `root`, `split` and those of fields().
function folder_images.of_user(o)
  local root = catalogue.path(o.root)
  local test_share = share_of(o.split)
  local official = o.split == "official" or o.split == "auto" and is_folder(root .. "/train")
  return folder_images.once(root .. "\n" .. (official and "official" or tostring(test_share)), o, function()
    local first = official and root .. "/train" or root
    local classes, counts = listed(first)
    local origin = { name = o.name, class_names = classes, counts = counts, official_test = true }
    for i, count in ipairs(counts) do counts[i] = count - math.floor((test_share or 0) * count + 0.5) end
    local function read()
      local all = folder_images.read(first, o, o.name, classes)
      local sets = { train = all }
      if test_share and test_share > 0 then
        local parts = all:partition(0, true)
        sets.test = parts:take_back({ fraction = test_share }, "test")
        sets.train = parts:take_front({}, "train")
      end
      for _, split in ipairs(official and { "test", "val" } or {}) do
        local folder = root .. "/" .. split
        if is_folder(folder) then sets[split] = folder_images.read(folder, o, o.name, classes) end
      end
      return sets
    end
    -- classes and counts need a look at the folder alone; pictures are decoded when the set is built
    return setmetatable(origin, { __index = function(self, key)
      if key ~= "sets" then return nil end
      local sets = read()
      rawset(self, "sets", sets)
      return sets
    end })
  end)
end

return folder_images
