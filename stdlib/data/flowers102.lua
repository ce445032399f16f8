local dataset = require "dataset"
local image = require "host.image"
local listed_images = require "listed_images"
local schema = require "schema"

-- In the order of the numbers in imagelabels.mat.
local class_names = {
  "pink_primrose", "hard_leaved_pocket_orchid", "canterbury_bells", "sweet_pea", "english_marigold", "tiger_lily",
  "moon_orchid", "bird_of_paradise", "monkshood", "globe_thistle", "snapdragon", "colts_foot", "king_protea",
  "spear_thistle", "yellow_iris", "globe_flower", "purple_coneflower", "peruvian_lily", "balloon_flower",
  "giant_white_arum_lily", "fire_lily", "pincushion_flower", "fritillary", "red_ginger", "grape_hyacinth",
  "corn_poppy", "prince_of_wales_feathers", "stemless_gentian", "artichoke", "sweet_william", "carnation",
  "garden_phlox", "love_in_the_mist", "mexican_aster", "alpine_sea_holly", "ruby_lipped_cattleya", "cape_flower",
  "great_masterwort", "siam_tulip", "lenten_rose", "barbeton_daisy", "daffodil", "sword_lily", "poinsettia",
  "bolero_deep_blue", "wallflower", "marigold", "buttercup", "oxeye_daisy", "common_dandelion", "petunia",
  "wild_pansy", "primula", "sunflower", "pelargonium", "bishop_of_llandaff", "gaura", "geranium", "orange_dahlia",
  "pink_yellow_dahlia", "cautleya_spicata", "japanese_anemone", "black_eyed_susan", "silverbush",
  "californian_poppy", "osteospermum", "spring_crocus", "bearded_iris", "windflower", "tree_poppy", "gazania",
  "azalea", "water_lily", "rose", "thorn_apple", "morning_glory", "passion_flower", "lotus", "toad_lily",
  "anthurium", "frangipani", "clematis", "hibiscus", "columbine", "desert_rose", "tree_mallow", "magnolia",
  "cyclamen", "watercress", "canna_lily", "hippeastrum", "bee_balm", "ball_moss", "foxglove", "bougainvillea",
  "camellia", "mallow", "mexican_petunia", "bromelia", "blanket_flower", "trumpet_creeper", "blackberry_lily",
}
local counts = {}
for i = 1, #class_names do counts[i] = 10 end

local origin = listed_images.origin {
  name = "flowers102", side = 96, class_names = class_names, counts = counts,
  list = function(folder)
    local labels = image.read_mat_numbers(folder .. "/imagelabels.mat", "labels")
    local function part(name)
      local pictures = {}
      for i, number in ipairs(image.read_mat_numbers(folder .. "/setid.mat", name)) do
        local label = labels[number]
        if not label or not class_names[label] then
          error(("%s/setid.mat: %s: picture %d has no label of 1 to %d in imagelabels.mat"):format(folder, name, number,
            #class_names), 0)
        end
        pictures[i] = { ("%s/jpg/image_%05d.jpg"):format(folder, number), label }
      end
      return pictures
    end
    return { train = part "trnid", val = part "valid", test = part "tstid" }
  end,
}

--- Oxford 102 flowers: 8,189 photographs (Nilsback and Zisserman 2008), 10 of each kind for training, 10 for validation
-- and 6,149 for testing, from jpg/, imagelabels.mat and setid.mat in flowers102/ of a folder of $MOONLAB_DATA. The
-- tiger lily and the common dandelion have other names in `flowers17`:
--
--     flowers102 { labels = { tiger_lily = "tigerlily", common_dandelion = "dandelion" } }
-- @usage flowers102 { side = 96, memory = "stream" }
return schema.declare("data.flowers102", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
