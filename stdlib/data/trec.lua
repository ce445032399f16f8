local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local order = require "language.order"
local schema = require "schema"

-- coarse class -> training questions of its fine classes
local counted = {
  { "ABBR", { abb = 16, exp = 70 } },
  { "DESC", { def = 421, desc = 274, manner = 276, reason = 191 } },
  { "ENTY", { animal = 112, body = 16, color = 40, cremat = 207, currency = 4, dismed = 103, event = 56, food = 103,
            instru = 10, lang = 16, letter = 9, other = 217, plant = 13, product = 42, religion = 4, sport = 62,
            substance = 41, symbol = 11, techmeth = 38, termeq = 93, veh = 27, word = 26 } },
  { "HUM", { desc = 47, gr = 189, ind = 962, title = 25 } },
  { "LOC", { city = 129, country = 155, mount = 21, other = 464, state = 66 } },
  { "NUM", { code = 9, count = 363, date = 218, dist = 34, money = 71, ord = 6, other = 52, perc = 27, period = 75,
            speed = 9, temp = 8, volsize = 13, weight = 11 } },
}

local origin = {
  name = "trec", things = "texts", official_test = true, class_names = {}, counts = {},
  groups = {}, group_level = "coarse",
  fields = { { "level", "one of fine|coarse", "fine",
               "50 classes such as HUM:ind, or the 6 they belong to, such as HUM; "
               .. "the samples are chosen by fine class either way" } },
}
for _, group in ipairs(counted) do
  local members = {}
  for _, fine in ipairs(order.keys(group[2])) do
    members[#members + 1] = group[1] .. ":" .. fine
    origin.class_names[#origin.class_names + 1] = group[1] .. ":" .. fine
    origin.counts[#origin.counts + 1] = group[2][fine]
  end
  origin.groups[#origin.groups + 1] = { group[1], members }
end

function origin.read(folder)
  local function part(file)
    return data.read_trec(catalogue.file(folder, file), true, origin.name, origin.class_names)
  end
  return part "train_5500.label", part "TREC_10.label"
end

--- TREC: questions and the kind of answer they ask for (Li and Roth 2002), 5,452 for training and 500 for testing, from
-- train_5500.label and TREC_10.label in trec/ of a folder of $MOONLAB_DATA. Half of it fine and half coarse:
--
--     trec { fraction = 0.5 }                                        -- questions with their fine class
--     trec { name = "trec-coarse", level = "coarse", skip = 0.5 }    -- others, of which only the coarse class is known
-- @usage trec { level = "coarse", val = 0.1 }
return schema.declare("data.trec", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
