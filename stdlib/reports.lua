--- What is written beside the numbers: decoded paths as text, the label graph with these paths as a picture.
local host_run = require "host.run"
local tabulate = require "tabulate"

local reports = {}

-- Samples that show something: the first of each class in turn, until there are enough.
local function examples(made, count)
  local wanted, rest, seen = {}, {}, {}
  local loader = made.loaders[made.final[1]]
  made.model:eval()
  torch.no_grad(function()
    for batch in loader:each(0) do
      scope(function()
        local y, idx = batch.y:totable(), batch.idx:totable()
        local prediction
        for i = 1, #y do
          if not seen[y[i]] and #wanted < count then
            prediction = prediction or made.model:predict(batch)
            seen[y[i]] = true
            wanted[#wanted + 1] = { index = idx[i], y = y[i], predicted = prediction.y[i - 1]:item(),
                                    path = made.model:path(prediction, i - 1) }
          end
        end
      end)
      if #wanted >= count then break end
    end
  end)
  return wanted
end

local function text(found, names)
  local rows = {}
  for i, sample in ipairs(found) do
    rows[i] = { sample.index, names[sample.y + 1], table.concat(sample.path.names, " > "),
                sample.path.deterministic and "deterministic" or "nondeterministic",
                sample.predicted == sample.y and "right" or "wrong" }
  end
  return tabulate.text({ "image", "label", "decoded path", "kind", "" }, rows, "rllll") .. "\n"
end

-- The label graph, nodes coloured by the datasets that bind them, with all decoded paths of the examples.
local function picture(made, found)
  local graph, nodes, drawn, by_text, bound = made.data.graph, {}, {}, {}, {}
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
  for _, sample in ipairs(found) do
    local key = table.concat(sample.path.names, "\n")
    local path = by_text[key]
    if path then
      path.count = path.count + 1
    else
      path = { nodes = { graph:root(), unpack(sample.path.names) }, count = 1, deterministic = sample.path.deterministic }
      drawn[#drawn + 1], by_text[key] = path, path
    end
  end
  return host_run.graph_picture { title = made.name, nodes = nodes, edges = graph:describe().edges, paths = drawn }
end

--- Writes artifacts/paths.txt and artifacts/graph.svg as eval.report asks for them.
function reports.write(made, run)
  if not made.model.path then
    error("eval.report: paths and graph need a path_decoder as model", 0)
  end
  local found = examples(made, made.o.eval.examples)
  for _, kind in ipairs(made.o.eval.report) do
    if kind == "paths" then run:write("artifacts/paths.txt", text(found, made.data.class_names)) end
    if kind == "graph" then run:write("artifacts/graph.svg", picture(made, found)) end
  end
end

return reports
