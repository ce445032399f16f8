local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local schema = require "schema"

local PER_CATEGORY = 50 -- training texts of a category in both files

local archives = require "dataset.arxiv_categories"
local fine = {
  name = "arxiv", things = "texts", official_test = true, class_names = {}, counts = {}, groups = archives,
  fields = { { "level", "one of fine|coarse", "fine",
               "texts with one of 151 categories such as cs.LG, or other texts of "
               .. "which only one of 20 archives is known, such as cs" } },
}
local coarse = { name = "arxiv", things = "texts", official_test = true, class_names = {}, counts = {} }
for _, archive in ipairs(archives) do
  coarse.class_names[#coarse.class_names + 1] = archive[1]
  coarse.counts[#coarse.counts + 1] = PER_CATEGORY * #archive[2]
  for _, category in ipairs(archive[2]) do
    fine.class_names[#fine.class_names + 1] = category
    fine.counts[#fine.counts + 1] = PER_CATEGORY
  end
end
fine.variants = { fine = fine, coarse = coarse }
fine.other_files = { coarse }

-- Title and abstract of each line "id, label, title, abstract".
local function part(folder, file, class_names)
  return data.read_text_table(catalogue.file(folder, file), { name = "arxiv", format = "tsv", header = false,
    text = { "3", "4" }, label = "2", class_names = class_names })
end

function fine.read(folder)
  return part(folder, "fine_train.tsv.gz", fine.class_names), part(folder, "test.tsv.gz", fine.class_names)
end

function coarse.read(folder)
  local test = part(folder, "test.tsv.gz", fine.class_names)
  return part(folder, "coarse_train.tsv.gz", coarse.class_names), test:relabel(archives)
end

--- arXiv: titles and abstracts (Geiger 2020, metadata CC0) with their primary category, 50 of each of 151 for training
-- and 30 for testing; with level = "coarse" 7,550 other texts with their archive, and the test texts under their
-- archives. From fine_train.tsv.gz, coarse_train.tsv.gz and test.tsv.gz in arxiv/ of a folder of $MOONLAB_DATA. Papers
-- of cs.LG, cs.CV, hep-* and astro-ph.* came into the collection through cross-posts alone: say so beside results.
-- @usage arxiv { per_class = 20, val = 0.1 }
return schema.declare("data.arxiv", dataset.fields(fine), dataset.builder(fine), dataset.more(fine))
