--- The label graph as a picture: nodes coloured by the datasets that bind them, and the traffic of all evaluated
-- samples: an edge is as wide as samples took it, beside a node's name stands how many passed it.
local host_run = require "host.run"
local traversals = require "report.traversals"

-- The paths as the picture takes them: each distinct one with its count.
local function counted(graph, samples)
  local drawn, by_text = {}, {}
  for _, sample in ipairs(samples) do
    local key = table.concat(sample.path, "\n")
    local path = by_text[key]
    if path then
      path.count = path.count + 1
    else
      path = { nodes = { graph:root(), unpack(sample.path) }, count = 1, deterministic = sample.kind == "det" }
      drawn[#drawn + 1], by_text[key] = path, path
    end
  end
  return drawn
end

local report = {}

--- @return SVG text
function report.picture(made, split)
  local graph, nodes, bound = made.data.graph, {}, {}
  for _, part in ipairs(made.data.parts) do
    for _, name in ipairs(part.class_names) do
      bound[name] = bound[name] or {}
      table.insert(bound[name], part.name)
    end
  end
  nodes[1] = { name = graph:root(), groups = { "root" } }
  for i, name in ipairs(graph:names()) do
    nodes[i + 1] = { name = name, groups = bound[name] or { "augmented" }, block = graph:block(name) }
  end
  local samples = traversals(made, split)
  return host_run.graph_picture {
    title = ("%s: paths of %d samples of %s"):format(made.name, #samples, split or made.final[1]),
    nodes = nodes, edges = graph:describe().edges, paths = counted(graph, samples),
  }
end

function report.write(made, run) run:write("artifacts/graph.svg", report.picture(made)) end

return report
