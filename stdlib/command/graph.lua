--- `moonlab graph show|paths|check|draw FILE`: a label graph by itself: its nodes, its paths, its mistakes, its picture.
local host_run = require "host.run"
local schema = require "schema"
local system = require "host.system"

-- The graph of graphs/NAME.lua or of a file; nil after saying what is wrong with it.
local function load(name)
  local done, built = pcall(function()
    local node = require "graph".load(name)
    if not (schema.is_node(node) and node.kind:match "^graph") then error(name .. ": it returns no graph", 0) end
    return schema.build(node)
  end)
  if done then return built end
  io.stderr:write(tostring(type(built) == "table" and built.message or built), "\n")
end

local actions = {}

function actions.check(graph)
  print(tostring(graph) .. ": fine")
  return 0
end

-- A tree of the graph from its root; a node that was shown already is not opened again.
function actions.show(graph)
  local opened = {}
  local function show(name, depth)
    local kind = depth == 0 and "" or graph:is_label(name) and "label" or "augmented"
    local block = depth > 0 and graph:block(name)
    local children = depth == 0 and {} or graph:children(name)
    local again = opened[name] and #children > 0
    print(("%s%s  %s%s%s"):format(("  "):rep(depth), name, kind, block and ", block " .. block or "",
      again and " ..." or ""))
    if again then return end
    opened[name] = true
    for _, child in ipairs(children) do show(child, depth + 1) end
  end
  local below = {}
  for _, edge in ipairs(graph:describe().edges) do
    if edge[1] == graph:root() then below[#below + 1] = edge[2] end
  end
  print(tostring(graph))
  print(graph:root())
  for _, name in ipairs(below) do show(name, 1) end
  return 0
end

function actions.paths(graph)
  for _, label in ipairs(graph:labels()) do
    for _, path in ipairs(graph:paths(label)) do
      local kind = path.kind == "det" and "deterministic" or "nondeterministic"
      print(("%-12s %-17s %s"):format(label, kind, table.concat(path.path, " > ")))
    end
  end
  return 0
end

function actions.draw(graph, name)
  local nodes = { { name = graph:root(), groups = { "root" } } }
  for _, node in ipairs(graph:names()) do
    nodes[#nodes + 1] = { name = node, groups = { graph:is_label(node) and "label" or "augmented" },
                          block = graph:block(node) }
  end
  local file = name:match "([^/]+)$":gsub("%.lua$", "") .. ".svg"
  local text = host_run.graph_picture { title = graph:root(), nodes = nodes, edges = graph:describe().edges }
  local done, reason = system.write_atomic(file, text)
  if not done then
    io.stderr:write("moonlab graph: ", reason, "\n")
    return 1
  end
  print(file)
  return 0
end

return {
  usage = "show|paths|check|draw FILE",
  summary = "a label graph: its nodes, the paths to its labels, its mistakes, its picture",
  help = "  FILE is graphs/NAME.lua, NAME alone, or any file that returns a graph. draw writes NAME.svg here.",
  flags = {},
  main = function(args)
    local action, name = actions[args[1] or ""], args[2]
    if not action or not name then
      io.stderr:write("moonlab graph: write moonlab graph show|paths|check|draw FILE\n")
      return 2
    end
    local graph = load(name)
    if not graph then return 2 end
    return action(graph, name)
  end,
}
