-- Distances between classes in WordNet: of three sets of classes beside this file, of others from a dictionary.
local metric = require "host.metric"
local order = require "language.order"
local schema = require "schema"

local sets = { "awa2", "cifar10", "fashion_mnist" }

--- How far apart classes are in WordNet 3.0: edges of the shortest path between their synsets over a common hypernym.
-- The distances of cifar10, of eight classes of fashion_mnist and of 23 animals of awa2 come with the program; others
-- are read from a dictionary (Debian's wordnet-base) by the synset of each class, as in wordnet { synsets = { cat =
-- "cat.n.01", lorry = "truck.n.01" } }.
-- @usage wordnet "cifar10"
return schema.declare("wordnet", {
  { "set", "one of " .. table.concat(sets, "|"), schema.optional, "a set of classes whose distances are known",
    at = 1 },
  { "synsets", "map of string", schema.optional, "the synset of each class, such as \"dog.n.01\" or \"n02084071\"" },
  { "folder", "path", schema.optional, "the dictionary; else $WNSEARCHDIR, $WNHOME/dict, /usr/share/wordnet" },
}, function(o)
  if o.set then
    local known = require("wordnet." .. o.set)
    return { classes = known.classes, distances = keep(torch.tensor(known.distances, { dtype = "float64" })) }
  end
  local classes, synsets = order.keys(o.synsets), {}
  for i, class in ipairs(classes) do synsets[i] = o.synsets[class] end
  local folder = o.folder and require "catalogue".path(o.folder) or nil
  return { classes = classes, distances = keep(metric.wordnet_distances(synsets, folder)) }
end, {
  check = function(o)
    if (o.set == nil) == (o.synsets == nil) then
      return "give either a set of classes, as in wordnet \"cifar10\", or synsets = { class = synset }"
    end
    if o.set and o.folder then return "the distances of a set come with the program: leave out `folder`", "folder" end
  end,
})
