local label_distances = require "label_distances"
local metric = require "host.metric"
local plotting = require "plotting"
local schema = require "schema"

local fields = {
  { "linkage", "one of average|single|complete", "average", "how far apart two clusters are" },
  { "tree", "node wordnet|graph", schema.optional, "drawn beside it over the same labels, such as wordnet \"cifar10\"" },
}
for _, field in ipairs(label_distances.fields) do fields[#fields + 1] = field end

--- Which labels a model holds for alike, as a tree of clusters: labels that join early are near. Beside it WordNet's, or a
-- label graph's, over the same labels, joined by lines. A class that the tree lacks is left out of both.
-- @usage plot.dendrogram { vectors = torch.randn(4, 8), labels = { "cat", "dog", "car", "lorry" } }
-- @usage plot.dendrogram { linkage = "average", tree = wordnet "cifar10" }
return plotting.declare("plot.dendrogram", fields, function(o, source)
  local learnt = label_distances.of(o, source, "plot.dendrogram")
  local names, distances, trees = learnt.names, learnt.distances, {}
  if #names < 2 then error(("plot.dendrogram: %d labels; a tree needs two"):format(#names), 0) end
  local other = o.tree and label_distances.of_tree(o.tree, names)
  if other then
    local place, index = {}, {}
    for i, name in ipairs(names) do place[name] = i - 1 end
    for i, name in ipairs(other.names) do index[i] = place[name] end
    distances, names = label_distances.among(distances, index), other.names
  end
  local function tree(matrix, title, axis)
    trees[#trees + 1] = { title = title, axis = axis, merges = metric.linkage(matrix, o.linkage):totable() }
  end
  tree(distances, other and "learnt" or nil, learnt.what)
  if other then tree(other.distances, o.tree.kind == "wordnet" and "WordNet" or "label graph", other.what) end
  return { kind = "trees", title = source and source.title .. ": labels" .. (other and " beside " .. trees[2].title or ""), subtitle = o.linkage .. " linkage", labels = names, trees = trees }
end, { ready = label_distances.ready "plot.dendrogram" })
