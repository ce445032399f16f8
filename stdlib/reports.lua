--- What is written beside the numbers, as eval.report asks for it: a word for each file of stdlib/report, or a
-- constructor that has options of its own.
--
--   paths      artifacts/paths.txt      decoded paths of some samples
--   decisions  artifacts/decisions.txt  what stood to choose on these paths, and how likely each was
--   graph      artifacts/graph.svg      the label graph with the traffic of all evaluated samples
--   nodes      artifacts/nodes.txt, nodes/NAME.svg   the samples that pass the augmented nodes; node_report { ... }
--   join       artifacts/join.txt, join.json   what is joined: datasets, labels, overlaps, paths, samples a node
-- and of every model, each also as numbers in a file .json:
--   per_class       artifacts/per_class.txt        precision, recall, F1 and support of each class
--   confusion       artifacts/confusion.txt        which classes are taken for which
--   reliability     artifacts/reliability.txt      accuracy by confidence, ECE and MCE
--   similar_labels  artifacts/similar_labels.txt   the labels that are most alike; distances and their linkage
-- Of further evaluated splits, each on its own dataset's classes, NAME.SPLIT.ENDING: paths.strokes.test.txt.
local schema = require "schema"

local reports = {}

-- An entry of eval.report as the module that writes it and its options.
local function resolved(entry)
  if not schema.is_node(entry) then
    entry = entry == "nodes" and schema.find "node_report" {} or entry
  end
  if schema.is_node(entry) then return require "report.nodes", schema.build(entry), "node_report" end
  return require("report." .. entry), nil, entry
end

--- What cannot be written for this experiment is said before it is trained.
function reports.check(made)
  for _, entry in ipairs(made.o.eval.report) do
    local module, options, name = resolved(entry)
    local node = schema.is_node(entry) and entry or name == "join" and made.o.data or made.o.model
    local done, problem = pcall(function()
      if name == "join" then
        if not made.data.parts then error("eval.report: \"join\" needs data = join { ... }", 0) end
      elseif not module.of_any_model and not made.model.decisions then
        error(("eval.report: \"%s\" needs a path_decoder as model"):format(name), 0)
      end
      if module.check then module.check(made, options) end
    end)
    if not done then error({ position = node.position, message = problem }, 0) end
  end
end

-- A run as the reports of one split see it: their files are named after it.
local function named(run, split)
  return {
    write = function(_, name, text)
      run:write(name:gsub("(%.%w+)$", function(ending) return "." .. split .. ending end), text)
    end,
  }
end

--- Writes all reports of all evaluated splits below a run's artifacts. Those that look at no samples (report.once) are
-- written once.
function reports.write(made, run)
  made.traversals, made.predictions = {}, {} -- none of weights that have changed
  for i, split in ipairs(made.final) do
    local seen = setmetatable({ final = { split } }, { __index = made })
    for _, entry in ipairs(made.o.eval.report) do
      local module, options = resolved(entry)
      if i == 1 or not module.once then module.write(seen, i == 1 and run or named(run, split), options) end
    end
  end
  if #made.final > 1 and made.model.evaluate_on then made.model:evaluate_on(made.final[1]) end
end

return reports
