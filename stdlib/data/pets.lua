local catalogue = require "catalogue"
local dataset = require "dataset"
local image = require "host.image"
local listed_images = require "listed_images"
local schema = require "schema"

local class_names = {
  "abyssinian", "american_bulldog", "american_pit_bull_terrier", "basset_hound", "beagle", "bengal", "birman",
  "bombay", "boxer", "british_shorthair", "chihuahua", "egyptian_mau", "english_cocker_spaniel", "english_setter",
  "german_shorthaired", "great_pyrenees", "havanese", "japanese_chin", "keeshond", "leonberger", "maine_coon",
  "miniature_pinscher", "newfoundland", "persian", "pomeranian", "pug", "ragdoll", "russian_blue", "saint_bernard",
  "samoyed", "scottish_terrier", "shiba_inu", "siamese", "sphynx", "staffordshire_bull_terrier", "wheaten_terrier",
  "yorkshire_terrier",
}
local number_of = {}
for i, name in ipairs(class_names) do number_of[name] = i end

-- Lines "Abyssinian_100 1 1 1": a picture, its class, its species and its breed by number. The class is the name.
local function part(folder, file)
  local path, pictures = folder .. "/annotations/" .. file, {}
  for i, line in ipairs(listed_images.lines(path)) do
    local picture, name = line[1]:match "^((%S+)_%d+)%s"
    local number = name and number_of[image.class_name(name)]
    if not number then
      error(("%s: line %d: expected \"Breed_123 ...\" with one of the 37 breeds, got '%s'"):format(path, line[2],
        line[1]), 0)
    end
    pictures[i] = { ("%s/images/%s.jpg"):format(folder, picture), number }
  end
  return pictures
end

local function lists(folder) return { train = part(folder, "trainval.txt"), test = part(folder, "test.txt") } end

local origin = listed_images.origin {
  name = "pets", side = 96, class_names = class_names, list = lists,
  counts = function()
    local folder, reason = catalogue.find "pets"
    if not folder then error(reason, 0) end
    local counts = {}
    for i = 1, #class_names do counts[i] = 0 end
    for _, picture in ipairs(lists(folder).train) do counts[picture[2]] = counts[picture[2]] + 1 end
    return counts
  end,
}

--- Oxford-IIIT Pets: photographs of 37 breeds of cats and dogs (Parkhi et al. 2012), 3,680 for training and 3,669 for
-- testing, from images/ and annotations/ in pets/ of a folder of $MOONLAB_DATA.
-- @usage pets { side = 96, memory = "stream", val = 0.1 }
return schema.declare("data.pets", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
