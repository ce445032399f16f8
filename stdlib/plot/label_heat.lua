local label_distances = require "label_distances"
local metric = require "host.metric"
local numbers = require "plot_numbers"
local plotting = require "plotting"
local similar_labels = require "similar_labels"

local fields = {
  { "order", "one of class|tree", "tree", "rows as the classes are numbered, or neighbours of a dendrogram side by side" },
  { "diagonal", "boolean", true, "a label against itself; left out, the others have all the colours" },
}
for _, field in ipairs(label_distances.fields) do fields[#fields + 1] = field end

--- Distances between all labels as a heat map. Of a head that learns similarities (label_embedding) the softmax of each
-- row of them, as its paper draws it.
-- @usage plot.label_heat { vectors = torch.randn(4, 8), labels = { "cat", "dog", "car", "lorry" } }
return plotting.declare("plot.label_heat", fields, function(o, source)
  local learnt = label_distances.of(o, source, "plot.label_heat")
  local k, index = #learnt.names, {}
  for i = 1, k do index[i] = i - 1 end
  if o.order == "tree" and k > 2 then
    index = metric.dendrogram(metric.linkage(learnt.distances, "average"), "descending").order
  end
  local names = {}
  for i, place in ipairs(index) do names[i] = learnt.names[place + 1] end
  local shown = learnt.similarities and similar_labels.heat(learnt.similarities) or learnt.distances
  local values = label_distances.among(shown:to("cpu", "float64"), index)
  local rows_of = numbers.matrix(values, "distances")
  for i, row in ipairs(rows_of) do
    if not o.diagonal then row[i] = 0 / 0 end
  end
  return { kind = "heat", title = source and source.title .. ": labels", rows = names, columns = names,
           label = learnt.similarities and "softmax of similarities" or learnt.what,
           values = numbers.flat(rows_of) }
end, { ready = label_distances.ready "plot.label_heat" })
