local catalogue = require "catalogue"
local data = require "host.data"
local dataset = require "dataset"
local schema = require "schema"

local origin = {
  name = "clinc150", things = "texts", official_test = true, class_names = {}, counts = {},
  groups = require "dataset.clinc150_intents", group_level = "domain",
  fields = { { "level", "one of intent|domain", "intent",
               "150 intents, or the 10 domains they belong to; the samples are "
               .. "chosen by intent either way" } },
}
for _, group in ipairs(origin.groups) do
  for _, intent in ipairs(group[2]) do
    origin.class_names[#origin.class_names + 1] = intent
    origin.counts[#origin.counts + 1] = 50
  end
end

function origin.read(folder)
  local train, test, val = data.read_text_splits(catalogue.file(folder, "data_small.json"), { "train", "test", "val" },
    origin.name, origin.class_names)
  return train, test, val
end

--- CLINC150: what people ask of an assistant (Larson et al. 2019), the small version: 50 training, 20 validation and 30
-- test texts of each intent, from data_small.json in clinc150/ of a folder of $MOONLAB_DATA. The official validation
-- texts are `val` unless the option holds out others.
-- @usage clinc150 { level = "domain", per_class = 10 }
return schema.declare("data.clinc150", dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
