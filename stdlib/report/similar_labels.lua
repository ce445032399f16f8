--- Which labels the model holds for alike: artifacts/similar_labels.txt, and as numbers with the distances and the
-- merges of their average linkage similar_labels.json.
local canonical = require "language.canonical"
local label_distances = require "label_distances"
local metric = require "host.metric"
local similar_labels = require "similar_labels"

local report = { of_any_model = true, once = true }

function report.check(made)
  if made.model.decisions then error("eval.report: \"similar_labels\": a path_decoder has no label vectors", 0) end
end

function report.write(made, run)
  local learnt = label_distances.of_model(made)
  local similar = similar_labels.of(learnt.similarities or -learnt.distances, learnt.names, 5)
  if not learnt.similarities then
    for _, list in ipairs(similar.similar) do
      for _, item in ipairs(list) do item[2] = -item[2] end -- distances again
    end
  end
  local about = learnt.similarities and "learnt similarity: the larger, the more alike"
    or learnt.what .. ": the smaller, the more alike"
  run:write("artifacts/similar_labels.txt", ("%s\n\n%s\n"):format(tostring(similar), about))
  run:write("artifacts/similar_labels.json", canonical.text({
    labels = learnt.names, distances = learnt.distances:totable(),
    similarities = learnt.similarities and learnt.similarities:totable() or nil,
    linkage = metric.linkage(learnt.distances, "average"):totable(),
  }, { indent = 2 }) .. "\n")
end

return report
