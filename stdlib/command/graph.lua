--- `moonlab graph show|paths|check|diff FILE`: a label graph for reading: its nodes, the paths to its labels, its
-- mistakes, what tells it from another.
local host_run = require "host.run"
local nearest = require "language.nearest"
local schema = require "schema"
local tabulate = require "tabulate"

local kMostLines = 400 -- a tree or table longer than this is cut, unless --all asks for it
local kMostPaths = 1000 -- of one label
local kMostNames = 20 -- of a list within a sentence, unless --all asks for more
local kLimit = 100000 -- paths of a label that a path_decoder takes unless told otherwise

local function count(n, what) return ("%d %s%s"):format(n, what, n == 1 and "" or "s") end

local function say(lines, all)
  for i, line in ipairs(lines) do
    if i > kMostLines and not all then
      print(("... %s more; --all shows them"):format(count(#lines - kMostLines, "line")))
      return
    end
    print(line)
  end
end

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

function actions.show(graph, _, options)
  print(tostring(graph))
  print(graph:root())
  say(draw(graph, graph:root(), "  ", {}, {}), options.all)
  return 0
end

-- A path in as many lines as `width` columns need.
local function lines_of(path, width)
  local lines = {}
  for i, node in ipairs(path) do
    local step = node .. (i < #path and " >" or "")
    local last = lines[#lines]
    if last and tabulate.width(last) + 1 + tabulate.width(step) <= width then
      lines[#lines] = last .. " " .. step
    else
      lines[#lines + 1] = (last and "  " or "") .. step
    end
  end
  return lines
end

function actions.paths(graph, names, options)
  local rows, left, widest = {}, 0, #"label"
  for _, label in ipairs(#names > 0 and names or graph:labels()) do widest = math.max(widest, tabulate.width(label)) end
  for _, label in ipairs(#names > 0 and names or graph:labels()) do
    local n = graph:path_count(label)
    if #rows >= kMostLines and not options.all then
      left = left + n
    elseif n > kMostPaths and not options.all then
      rows[#rows + 1] = { label, "", ("%d paths, too many to list; --all lists them"):format(n) }
    else
      for _, path in ipairs(graph:paths(label)) do
        local kind = path.kind == "det" and "deterministic" or "nondeterministic"
        for i, line in ipairs(lines_of(path.path, math.max(30, 80 - widest - #"nondeterministic" - 6))) do
          rows[#rows + 1] = i == 1 and { label, kind, line } or { "", "", line }
        end
      end
    end
  end
  print(tabulate.text({ "label", "kind", "path" }, rows, "lll"))
  if left > 0 then print(("... %s more; --all shows them"):format(count(left, "path"))) end
  return 0
end

-- Lines "+ what" and "- what" for what is in one of two lists alone.
local function differences(what, ours, theirs, lines)
  local in_ours, in_theirs = {}, {}
  for _, item in ipairs(ours) do in_ours[item] = true end
  for _, item in ipairs(theirs) do in_theirs[item] = true end
  for _, item in ipairs(ours) do
    if not in_theirs[item] then lines[#lines + 1] = ("- %s %s"):format(what, item) end
  end
  for _, item in ipairs(theirs) do
    if not in_ours[item] then lines[#lines + 1] = ("+ %s %s"):format(what, item) end
  end
end

local function parts(graph)
  local d = graph:describe()
  local edges, blocks = {}, {}
  for i, edge in ipairs(d.edges) do edges[i] = edge[1] .. " -> " .. edge[2] end
  for i, pair in ipairs(d.blocks) do blocks[i] = pair[1] .. " in " .. pair[2] end
  return { node = d.nodes, edge = edges, block = blocks, label = d.labels }
end

function actions.diff(graph, _, options, other)
  local ours, theirs, lines = parts(graph), parts(other), {}
  if graph:root() ~= other:root() then lines = { "- root " .. graph:root(), "+ root " .. other:root() } end
  for _, what in ipairs { "node", "edge", "block", "label" } do differences(what, ours[what], theirs[what], lines) end
  if #lines == 0 then
    print "no difference"
    return 0
  end
  say(lines, options.all)
  return 1
end

-- Prints a sentence that ends in a list, broken between words and items within 80 columns.
local function tell(sentence, items)
  local words = {}
  for word in sentence:gmatch "%S+" do words[#words + 1] = word end
  for i, item in ipairs(items) do words[#words + 1] = item .. (i < #items and "," or "") end
  local line = words[1]
  for i = 2, #words do
    if tabulate.width(line) + 1 + tabulate.width(words[i]) > 80 then
      print(line)
      line = "   "
    end
    line = line .. " " .. words[i]
  end
  print(line)
end

-- Nodes that no other competes with, though their parent has more children than them: { "no_loop (below digit)", ... }.
-- Their probability is 1 whatever is seen, so that a walk step by step always goes on to the first of them.
local function unrivalled(graph)
  local members, found = {}, {}
  for _, name in ipairs(graph:names()) do
    local block = graph:block(name)
    if block then members[block] = (members[block] or 0) + 1 end
  end
  for _, parent in ipairs { graph:root(), unpack(graph:names()) } do
    local children = graph:children(parent)
    for _, child in ipairs(#children > 1 and children or {}) do
      local block = graph:block(child)
      if not block or members[block] == 1 then found[#found + 1] = ("%s (below %s)"):format(child, parent) end
    end
  end
  return found
end

-- At most `most` of a list, and how many more there are.
local function some(list, most)
  if #list <= most then return list end
  local first = { unpack(list, 1, most) }
  first[most + 1] = ("%d more"):format(#list - most)
  return first
end

-- A graph that builds has no mistakes; what remains to say is what its labels are learnt from.
function actions.check(graph, _, options)
  local both, only, many, refused = {}, {}, {}, {}
  for _, label in ipairs(graph:labels()) do
    local paths = graph:path_count(label)
    if paths > kMostPaths then
      table.insert(paths > kLimit and refused or many, ("%s (%.0f)"):format(label, paths))
    else
      local det, nondet = false, false
      for _, path in ipairs(graph:paths(label)) do
        if path.kind == "det" then det = true else nondet = true end
      end
      if nondet then table.insert(det and both or only, label) end
    end
  end
  print(tostring(graph))
  local function list(names, sentence)
    if #names > 0 then
      tell(sentence:format(count(#names, "label")), some(names, options.all and math.huge or kMostNames))
    end
  end
  list(refused, ("warning: %%s with more than %d paths, which a path_decoder refuses; trim the graph or raise "
    .. "its limit:"):format(kLimit))
  list(many, ("%%s with over %d paths, each of which is learnt and weighed:"):format(kMostPaths))
  list(both, "%s with nondeterministic paths beside deterministic ones:")
  list(only, "%s with nondeterministic paths alone, learnt by path.reinforce only:")
  local alone = unrivalled(graph)
  if #alone > 0 then
    tell(("warning: %s beside others but in no block with them, so that the probability is 1 whatever is seen and "
      .. "greedy decoding goes there; put them in blocks (blocks = \"siblings\"), or decode = \"class\" or \"beam\":"):format(
      #alone == 1 and "a node stands" or count(#alone, "node") .. " stand"),
      some(alone, options.all and math.huge or kMostNames))
  end
  print((#refused + #alone > 0 and "" or "fine: ") .. "every node and label is reached from the root")
  return 0
end

local function complain(...)
  io.stderr:write("moonlab graph: ", ...)
  io.stderr:write "\n"
  return 2
end

-- The graph as a picture: labels apart from augmented nodes, blocks boxed.
local function picture(graph)
  local nodes = { { name = graph:root(), groups = { "root" } } }
  for i, name in ipairs(graph:names()) do
    nodes[i + 1] = { name = name, groups = { graph:is_label(name) and "label" or "augmented" }, block = graph:block(name) }
  end
  return host_run.graph_picture { title = graph:root(), nodes = nodes, edges = graph:describe().edges, paths = {} }
end

-- A graph by its file or name; raises with the reason.
local function loaded(name)
  local node = schema.find "graph".load(name)
  if not (schema.is_node(node) and node.kind:match "^graph") then error(("%s returns no graph"):format(name), 0) end
  return node:build()
end

local function write(text)
  io.stdout:write(text)
  return 0
end

local known = { "show", "paths", "check", "diff" }

return {
  usage = "show FILE | paths FILE [NODE ...] | check FILE | diff FILE FILE",
  summary = "label graphs: tree, paths to labels and their kinds, mistakes",
  help = "  FILE      a graph's file (.lua, .csv, .tsv, .dot, .gv, .json), or its name as\n"
    .. "            in graph.load: digits is graphs/digits.lua\n"
    .. "  --dot     show: as GraphViz text\n"
    .. "  --json    show: as JSON\n"
    .. "  --svg     show: as a picture, for > FILE.svg\n"
    .. "  --all     do not cut what is long\n"
    .. "  A trailing 'label' in the tree marks labels that the file binds; a join binds\n"
    .. "  its datasets' classes too. diff: - is in the first graph alone, + in the\n"
    .. "  second; exit code 1 where they differ.",
  flags = { "--dot", "--json", "--svg", "--all" },
  main = function(_, words)
    local action = actions[words[1]]
    if not action then
      return complain(words[1] and ("unknown word '%s'%s (%s)"):format(words[1], nearest.did_you_mean(words[1], known),
        table.concat(known, ", ")) or "which one? moonlab graph show FILE, paths FILE, check FILE or diff FILE FILE")
    end
    if not words[2] then return complain(("%s: which graph? moonlab graph %s FILE"):format(words[1], words[1])) end
    if words[1] == "diff" and (not words[3] or words[4]) then return complain "diff takes two graphs: moonlab graph diff FILE FILE" end
    if words[3] and words[1] ~= "paths" and words[1] ~= "diff" then
      return complain(("%s takes one graph, got '%s' too"):format(words[1], words[3]))
    end
    local done, result = pcall(function()
      local graph = loaded(words[2])
      if words[1] == "show" then
        if words.dot then return write(graph:to_dot()) end
        if words.json then return write(graph:to_json() .. "\n") end
        if words.svg then return write(picture(graph)) end
      end
      return action(graph, { unpack(words, 3) }, words, words[1] == "diff" and loaded(words[3]) or nil)
    end)
    if done then return result end
    local text = tostring(type(result) == "table" and result.message or result)
    io.stderr:write((text:gsub("^[^\n:]*/stdlib/[%w_/]+%.lua:%d+: ", "")), "\n")
    return 2
  end,
}
