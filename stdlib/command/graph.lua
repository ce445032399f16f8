--- `moonlab graph show|paths|check FILE`: a label graph for reading: its nodes, the paths to its labels, its mistakes.
local nearest = require "language.nearest"
local schema = require "schema"
local tabulate = require "tabulate"

local function count(n, what) return ("%d %s%s"):format(n, what, n == 1 and "" or "s") end

-- The tree below a node; what stands below several parents is drawn once and named again where it recurs.
local function draw(graph, node, indent, drawn, lines)
  for _, child in ipairs(graph:children(node)) do
    local block = graph:block(child)
    local again = drawn[child] and #graph:children(child) > 0
    lines[#lines + 1] = indent .. child .. (block and "  [" .. block .. "]" or "")
      .. (graph:is_label(child) and "  label" or "") .. (again and "  (as above)" or "")
    if not drawn[child] then
      drawn[child] = true
      draw(graph, child, indent .. "  ", drawn, lines)
    end
  end
  return lines
end

local actions = {}

function actions.show(graph)
  print(tostring(graph))
  print(graph:root())
  print(table.concat(draw(graph, graph:root(), "  ", {}, {}), "\n"))
  return 0
end

function actions.paths(graph, names)
  local rows = {}
  for _, label in ipairs(#names > 0 and names or graph:labels()) do
    for _, path in ipairs(graph:paths(label)) do
      local kind = path.kind == "det" and "deterministic" or "nondeterministic"
      rows[#rows + 1] = { label, kind, table.concat(path.path, " > ") }
    end
  end
  print(tabulate.text({ "label", "kind", "path" }, rows, "lll"))
  return 0
end

-- A graph that builds has no mistakes; what remains to say is what its labels are learnt from.
function actions.check(graph)
  local both, only = {}, {}
  for _, label in ipairs(graph:labels()) do
    local det, nondet = false, false
    for _, path in ipairs(graph:paths(label)) do
      if path.kind == "det" then det = true else nondet = true end
    end
    if nondet then table.insert(det and both or only, label) end
  end
  print(tostring(graph))
  if #both > 0 then
    print(("%s with nondeterministic paths beside deterministic ones: %s"):format(count(#both, "label"),
      table.concat(both, ", ")))
  end
  if #only > 0 then
    print(("%s with nondeterministic paths alone, learnt by path.reinforce only: %s"):format(count(#only, "label"),
      table.concat(only, ", ")))
  end
  print "fine: every node and label is reached from the root"
  return 0
end

local function complain(...)
  io.stderr:write("moonlab graph: ", ...)
  io.stderr:write "\n"
  return 2
end

return {
  usage = "show FILE | paths FILE [NODE ...] | check FILE",
  summary = "label graphs: the tree, the paths to labels and their kinds, mistakes",
  help = "  FILE     a graph's file, or its name as in graph.load: digits is graphs/digits.lua\n"
    .. "  --dot    show: as GraphViz text\n"
    .. "  A trailing 'label' in the tree marks labels that the file binds; a join binds its datasets' classes too.",
  flags = { "--dot" },
  main = function(args)
    local words, dot = {}, false
    for _, word in ipairs(args) do
      if word == "--dot" then dot = true else words[#words + 1] = word end
    end
    local known = { "show", "paths", "check" }
    local action = actions[words[1]]
    if not action then
      return complain(words[1] and ("unknown word '%s'%s (%s)"):format(words[1], nearest.did_you_mean(words[1], known),
        table.concat(known, ", ")) or "which one? moonlab graph show FILE, paths FILE or check FILE")
    end
    if not words[2] then return complain(("%s: which graph? moonlab graph %s FILE"):format(words[1], words[1])) end
    if words[3] and words[1] ~= "paths" then
      return complain(("%s takes one graph, got '%s' too"):format(words[1], words[3]))
    end
    local done, result = pcall(function()
      local node = schema.find "graph".load(words[2])
      if not (schema.is_node(node) and node.kind:match "^graph") then
        error(("%s returns no graph"):format(words[2]), 0)
      end
      local graph = node:build()
      if dot and words[1] == "show" then
        io.stdout:write(graph:to_dot())
        return 0
      end
      return action(graph, { unpack(words, 3) })
    end)
    if done then return result end
    local text = tostring(type(result) == "table" and result.message or result)
    io.stderr:write((text:gsub("^[^\n]*command/graph%.lua:%d+: ", "")), "\n")
    return 2
  end,
}
