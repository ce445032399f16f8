local label_distances = require "label_distances"
local plotting = require "plotting"
local similar_labels = require "similar_labels"

local fields = { { "top", "integer > 0", 3, "neighbours of each label" } }
for _, field in ipairs(label_distances.fields) do fields[#fields + 1] = field end

--- The labels most similar to each label, as a table: the nearest ones with their distances, or with the similarities
-- that the head has learnt.
-- @usage plot.similar { vectors = torch.randn(4, 8), labels = { "cat", "dog", "car", "lorry" }, top = 2 }
return plotting.declare("plot.similar", fields, function(o, source)
  local learnt = label_distances.of(o, source, "plot.similar")
  local found = similar_labels.of(learnt.similarities or -learnt.distances, learnt.names, o.top)
  local sign = learnt.similarities and 1 or -1
  local header, rows = { "label" }, {}
  for i, list in ipairs(found.similar) do
    rows[i] = { learnt.names[i] }
    for k, item in ipairs(list) do
      header[2 * k], header[2 * k + 1] = k == 1 and "most similar" or ("%d."):format(k), ""
      rows[i][2 * k], rows[i][2 * k + 1] = item[1], ("%.3f"):format(sign * item[2])
    end
  end
  return { kind = "table", title = source and source.title .. ": similar labels", header = header, rows = rows,
           subtitle = learnt.similarities and "with learnt similarities" or "with " .. learnt.what }
end, { ready = label_distances.ready "plot.similar" })
