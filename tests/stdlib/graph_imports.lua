-- Label graphs that others wrote, and graphs made of graphs, as scripts see them.
local t = require "test"
local system = require "host.system"

-- A file in a folder of its own; removed with it.
local function file(name, text)
  local folder = system.temporary_folder "graph"
  local handle = assert(io.open(folder .. "/" .. name, "w"))
  handle:write(text)
  handle:close()
  return folder .. "/" .. name, function() system.remove(folder) end
end

t.test("graph.csv, graph.dot and graph.json read the same graph", function()
  local csv, drop_csv = file("pets.csv", "parent,child,block\nanimal,cat,species\nanimal,dog,species\ncat,short\n")
  local made = graph.csv { csv }:build()
  t.eq(made:names(), { "cat", "dog", "short" })
  t.eq(made:block "cat", "species")
  t.eq(made:labels(), { "dog", "short" })
  for _, format in ipairs { "dot", "json" } do
    local path, drop = file("pets." .. format, format == "dot" and made:to_dot() or made:to_json())
    local again = graph[format] { path }:build()
    t.eq(again:to_json(), made:to_json())
    t.eq(graph.load(path):build():to_json(), made:to_json())
    drop()
  end
  drop_csv()
end)

t.test("graph.names gives siblings a block, g:merge joins, g:subgraph parts, methods follow each other", function()
  local a = graph.names { { "cs.LG", "cs.CV" }, root = "arxiv" }
  local b = graph.names { { "comp.LG", "bio.GN" }, root = "other" }
  local both = a:merge(b, { aliases = { comp = "cs", ["comp.LG"] = "cs.LG" } })
  t.eq(both:build():names(), { "cs", "cs.LG", "cs.CV", "bio", "bio.GN" })
  t.eq(both:build():block "bio", "below arxiv")
  t.eq(both:subgraph { labels = { "cs.LG" } }:build():names(), { "cs", "cs.LG" })
  t.eq(both:subgraph({ root = "cs" }):build():root(), "cs")
  t.eq(a:without({ "cs" }):build():children "arxiv", { "cs.LG", "cs.CV" })
end)

t.test("paths as tensors: every path of every label, flat", function()
  local g = graph "r" { block "b" { "x", "y" }, labels "l" { { "m", b = { "x", "y" } }, { "n", b = "x" } } }:build()
  local p = g:path_tensors()
  t.eq(p.begin:totable(), { 0, 2, 4, 6 })
  local names = {}
  for i, token in ipairs(p.tokens:totable()) do names[i] = g:name(token) end
  t.eq(names, { "x", "m", "y", "m", "x", "n" })
  t.eq(p.deterministic:totable(), { false, false, true })
  t.eq(g:path_tensors({ "n" }).begin:totable(), { 0, 2 })
  t.eq(#g:path_tensors(true).label, 5)
  t.eq(g:path_tensors({ "m", "n" }, 1).skipped, { "m" })
end)

t.test("what cannot be read is told with its place", function()
  local path, drop = file("half.csv", "a,b\nc\n")
  t.raises(function() graph.csv({ path }):build() end, "half.csv:2: an edge is parent,child")
  t.raises(function() graph.csv({ "$DATA/no/such.csv" }):build() end, "$DATA/no/such.csv is not there: looked for")
  t.raises(function() graph.names { { "a.b" }, blocks = "sibling" } end, "siblings")
  t.raises(function() graph.wordnet({ folder = "/nowhere" }):build() end, "no dictionary (data.noun) in /nowhere")
  drop()
end)
