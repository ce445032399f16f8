--- A label graph as SVG: its nodes coloured by the datasets that carry them, blocks boxed, decoded paths drawn over.
local run = require "host.run"

--- @param description { root, nodes = { name, ... }, edges = { { from, to }, ... }, blocks = { { node, block }, ... },
--   labels = { name, ... } }: what graph:describe() gives
-- @param about { title, datasets = { { name, labels = { node, ... } }, ... } (colours; a join's parts and class_names),
--   paths = { { nodes = { name, ... } with or without the root, deterministic = boolean, count = n or 1 }, ... } }
-- @return the text of an SVG file; the same path given twice counts twice
return function(description, about)
  about = about or {}
  local carriers, root = {}, description.root
  for _, dataset in ipairs(about.datasets or {}) do
    for _, label in ipairs(dataset.labels or dataset.class_names) do
      carriers[label] = carriers[label] or {}
      table.insert(carriers[label], dataset.name)
    end
  end
  for _, label in ipairs(description.labels or {}) do carriers[label] = carriers[label] or { "label" } end
  local nodes, known, block_of = {}, {}, {}
  for _, pair in ipairs(description.blocks or {}) do block_of[pair[1]] = pair[2] end
  local function add(name)
    if known[name] then return end
    known[name] = true
    nodes[#nodes + 1] = { name = name, groups = carriers[name] or { name == root and "root" or "augmented" },
                          block = block_of[name] or "" }
  end
  add(root)
  for _, name in ipairs(description.nodes or {}) do add(name) end
  for _, edge in ipairs(description.edges) do
    add(edge[1])
    add(edge[2])
  end
  local paths = {}
  for i, path in ipairs(about.paths or {}) do
    local steps = path.nodes[1] == root and {} or { root }
    for _, name in ipairs(path.nodes) do steps[#steps + 1] = name end
    paths[i] = { nodes = steps, count = path.count or 1, deterministic = path.deterministic ~= false }
  end
  return run.graph_picture { title = about.title or "", nodes = nodes, edges = description.edges, paths = paths }
end
