-- The graph language: what its statements build, and where its mistakes are found.
local t = require "test"
local language = require "language"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-graph"

local function load_text(text)
  local path = folder .. "/g.lua"
  assert(system.write_atomic(path, text))
  return language.load_file(path)
end

local function build(text) return load_text(text):build() end

-- The messages of a graph's mistakes as an evaluated script shows them: "line:column: text".
local function mistakes(text)
  local script = 'local g = ' .. text:gsub("^%s*return%s*", "") .. '\nreturn experiment "x" { data = join { graph = g, '
    .. 'mnist5k {} }, model = path_decoder { vision.mlp {} }, loss = path.nll {}, optim = adamw {} }'
  local result, errors = language.evaluate { name = "g.lua", text = script }
  local found = {}
  for i, e in ipairs(result and {} or errors) do found[i] = ("%d:%s: %s"):format(e.line, e.column or "?", e.message) end
  return found
end

local cats = [[
return graph "animal" {
  block "species" { "cat", "dog" },
  under "cat" { block "hair" { "short", "long" }, block "color" { "solid", "tabby" } },
  labels "breed" { under = "cat",
    { "abyssinian", hair = "short", color = "tabby" },
    { "british",    hair = "short", color = { "solid", "tabby" } },
    "moggy" },
  labels "dogs" { under = "dog", "beagle", "corgi" },
}]]

t.test("statements build nodes, edges, blocks and labels in order", function()
  local g = build(cats)
  t.eq(g:root(), "animal")
  t.eq(g:names(), { "cat", "dog", "short", "long", "solid", "tabby", "abyssinian", "british", "moggy", "beagle", "corgi" })
  t.eq(g:labels(), { "abyssinian", "british", "moggy", "beagle", "corgi" })
  t.eq(g:children "cat", { "short", "long", "solid", "tabby", "moggy" })
  t.eq(g:children "animal", { "cat", "dog" })
  t.eq(g:block "cat", "species")
  t.eq(g:block "short", "cat.hair")
  t.eq(g:block "beagle", "dog.dogs")
  t.eq(g:block "moggy", g:block "british")
  t.eq(g:depth(), 3)
  t.eq(g:token "cat", 1)
  t.eq(g:name(2), "dog")
  t.eq(tostring(g), "label graph 'animal': 11 nodes, 5 labels, depth 3")
end)

t.test("the graph says which paths are deterministic", function()
  local g = build(cats)
  t.eq(g:paths "british", {
    { path = { "cat", "short", "british" }, kind = "det" },
    { path = { "cat", "solid", "british" }, kind = "nondet" },
    { path = { "cat", "tabby", "british" }, kind = "nondet" },
  })
  t.eq(g:path_count "abyssinian", 2)
  t.eq(g:deterministic { "cat", "tabby", "abyssinian" }, true)
  t.eq(g:deterministic { "cat", "tabby", "british" }, false)
  t.raises(function() g:paths "abysinian" end, "the graph 'animal' has no node 'abysinian'; did you mean 'abyssinian'?")
  t.raises(function() g:name(99) end, "the graph 'animal' has no node 99 (1 to 11)")
end)

t.test("a block further down may have the name of one further up", function()
  local g = build [[return graph "r" {
    block "size" { "big", "small" },
    under "big" { block "size" { "huge", "large" } },
    labels "things" { under = "big", { "whale", size = "huge" } },
    labels "others" { { "mouse", size = "small" } },
  }]]
  t.eq(g:children "huge", { "whale" })
  t.eq(g:children "small", { "mouse" })
  t.eq(g:block "huge", "big.size")
end)

t.test("trimmed and given without nodes, labels stay", function()
  local node = load_text(cats)
  t.eq(node:trim(1):build():names(), { "abyssinian", "british", "moggy", "beagle", "corgi" })
  local half = node:trim(0.5):build()
  t.eq(half:size(), 11 - 3)
  t.eq(half:labels(), node:build():labels())
  local bare = node:without { "solid", "tabby" }:build()
  t.eq(bare:children "cat", { "short", "long", "british", "abyssinian", "moggy" })
  t.raises(function() node:without { "british" }:build() end, "'british' is a label; only augmented nodes can be dropped")
  t.raises(function() node:without { "tabbi" }:build() end, "has no node 'tabbi'; did you mean 'tabby'?")
end)

t.test("a trimmed graph keeps the labels that datasets bind", function()
  local schema = require "schema"
  local node = load_text [[return graph "r" { block "kind" { "a", "b", "c" }, labels "l" { under = "a", "x" } }]]
  t.eq(node:trim(1):build():names(), { "x" })
  t.eq(schema.build(node:trim(1), { labels = { "b" } }):names(), { "b", "x" })
end)

t.test("mistakes stand where they are written, all at once", function()
  t.eq(mistakes [[graph "animal" {
  block "species" { "cat", "dog", "cat" },
  under "cta" { block "x" { "y" } },
  labels "breed" { under = "cats",
    { "abyssinian" } },
}]], { "2:3: node 'cat' is declared twice",
       "3:3: under \"cta\": no such node; did you mean 'cat'?",
       "4:3: labels \"breed\": no node 'cats'; did you mean 'cat'?" })
  t.eq(mistakes [[graph "animal" {
  block "species" { "cat" },
  under "cat" { block "hair" { "short", "long" }, block "hair" { "curly" } },
  labels "breed" { under = "cat",
    { "abyssinian", hiar = "short" },
    { "british", hair = "shrt" },
    { "cat", hair = "long" },
    { hair = "long" } },
}]], { "3:51: block 'hair' is declared twice below 'cat'",
       "5:5: label 'abyssinian': unknown block 'hiar'; did you mean 'hair'? (hair, species)",
       "6:5: label 'british': block 'hair' has no node 'shrt'; did you mean 'short'? (long, short)",
       "7:5: node 'cat' is declared twice",
       "8:5: a row of labels starts with the label's name, as in { \"abyssinian\", hair = \"short\" }" })
end)

t.test("graph.load names what it looked for", function()
  local graph = require "graph"
  t.raises(function() graph.load "dgits" end, "graph.load: no graph 'dgits'; did you mean 'digits'? (graphs/dgits.lua, " .. MOONLAB_ROOT .. "/graphs/dgits.lua)")
  local digits = graph.load "digits":build()
  t.eq(#digits:labels(), 10)
  t.eq(digits:path_count "2", 3)
  for _, path in ipairs(digits:paths "2") do t.eq(path.kind, path.path[1] == "mixed" and "det" or "nondet") end
end)

t.test("a graph survives JSON and is drawn", function()
  local host, json = require "host.graph", build(cats):describe()
  t.eq(host.build(json):describe(), json)
  t.ok(build(cats):to_dot():find('"cat" -> "short"', 1, true))
  t.eq(host.check { root = "r", edges = { { "r", "a" }, { "a", "b" }, { "b", "a" } } }, { { text = "cycle a->b->a", node = "a" } })
  t.raises(function() host.build { root = "r", edges = { { "r", "a" } }, labels = { "b" } } end, "label 'b' is not reachable from the root 'r'")
end)

local function command(...)
  local process = system.spawn { system.executable(), "graph", ... }
  local code = process:wait(60)
  return code, process:read(), process:read_errors()
end

t.test("moonlab graph diff tells two graphs apart; show writes DOT, JSON and a picture", function()
  local one, two = folder .. "/one.csv", folder .. "/two.csv"
  assert(system.write_atomic(one, "animal,cat,species\nanimal,dog,species\n"))
  assert(system.write_atomic(two, "animal,cat,species\ncat,tabby\n"))
  t.eq({ command("diff", one, one) }, { 0, "no difference\n", "" })
  t.eq({ command("diff", one, two) }, { 1, "- node dog\n+ node tabby\n- edge animal -> dog\n+ edge cat -> tabby\n"
    .. "- block dog in species\n- label cat\n- label dog\n+ label tabby\n", "" })
  t.eq({ command("diff", one) }, { 2, "", "moonlab graph: diff takes two graphs: moonlab graph diff FILE FILE\n" })
  local _, json = command("show", two, "--json")
  t.eq(json, require "graph".load(two):build():to_json() .. "\n")
  local _, svg = command("show", one, "--svg")
  t.ok(svg:match "^<svg" and svg:match "</svg>%s*$" and svg:find(">cat<", 1, true), "a picture with the nodes' names")
end)

t.test("moonlab graph check warns of nodes without rivals and of paths that explode, within 80 columns", function()
  local path = folder .. "/rivals.lua"
  assert(system.write_atomic(path, 'return (graph.load "digits"):without { "one_loop", "two_loops" }\n'))
  local code, out = command("check", path)
  t.eq(code, 0)
  t.ok(out:find "warning: a node stands beside others but in no block with them, so" and out:find "%s+no_loop %(below digit%)\n", out)
  t.ok(not out:find "fine:", out)
  t.ok(select(2, command("check", "digits")):find "\nfine: every node and label is reached", "three loops compete")
  local rows, above = { "parent,child,block" }, { "r" }
  for i = 1, 20 do
    local pair = { "a" .. i, "b" .. i }
    for _, parent in ipairs(above) do
      for _, child in ipairs(pair) do rows[#rows + 1] = ("%s,%s,level%d"):format(parent, child, i) end
    end
    above = pair
  end
  assert(system.write_atomic(folder .. "/many.csv", table.concat(rows, "\n")))
  code, out = command("check", folder .. "/many.csv")
  t.eq(code, 0)
  t.ok(out:find "warning: 2 labels with more than 100000 paths, which a path_decoder refuses;" and out:find "a20 %(524288%), b20 %(524288%)", out)
  t.ok(not out:find "stand beside", out)
  for line in out:gmatch "[^\n]+" do t.ok(#line <= 80, line) end
  code, out = command("paths", folder .. "/many.csv", "a12")
  t.eq(code, 0)
  t.ok(out:find "2048 paths, too many to list", out)
  code, out = command("paths", folder .. "/many.csv", "a9")
  for line in out:gmatch "[^\n]+" do t.ok(require "tabulate".width(line) <= 80, line) end
end)

t.test("mistakes of a file of edges are told with its name and line", function()
  local function wrong(text)
    local path = folder .. "/wrong.csv"
    assert(system.write_atomic(path, text))
    local code, _, err = command("check", path)
    t.eq(code, 2)
    return (err:gsub("^" .. folder:gsub("%p", "%%%0") .. "/", ""))
  end
  t.eq(wrong "a,b\nb,c\na,b\n", "wrong.csv:3: edge a->b stands in line 1 already\n")
  t.eq(wrong "a,b,x\na,c,x\nc,b,y\n", "wrong.csv:3: node 'b' stands in block 'x' by line 1, not in 'y'\n")
  t.eq(wrong "r,a\na,b\nb,a\n", "wrong.csv: cycle a->b->a\n")
  t.eq(wrong "r,a\nx,y\n", "wrong.csv: 2 nodes have no parent (r, x); give root = to say which is the root\n")
end)

t.test("moonlab graph shows a graph, its paths and its mistakes", function()
  local path = folder .. "/cats.lua"
  assert(system.write_atomic(path, cats))
  local code, out = command("show", path)
  t.eq(code, 0)
  t.ok(out:find("animal\n  cat  [species]\n    short  [cat.hair]\n      abyssinian  [cat.breed]  label\n", 1, true), out)
  t.ok(select(2, command("show", path, "--dot")):find('"cat" -> "short";', 1, true))
  code, out = command("paths", path, "british")
  t.eq(code, 0)
  t.ok(out:find "british%s+deterministic%s+cat > short > british\n" and out:find "british%s+nondeterministic%s+cat > tabby", out)
  t.ok(not out:find "corgi", out)
  code, out = command("check", path)
  t.eq(code, 0)
  t.ok(out:find("1 label with nondeterministic paths beside deterministic ones: british", 1, true), out)
  assert(system.write_atomic(path, 'return graph "r" {\n  block "x" { "a", "a" },\n  under "b" { block "y" { "c" } },\n}\n'))
  local _, err
  code, _, err = command("check", path)
  t.eq(code, 2)
  t.eq(err, path .. ":2:3: node 'a' is declared twice\n" .. path .. ":3:3: under \"b\": no such node; did you mean 'a'?\n")
  code, _, err = command("show", "dgits")
  t.eq(code, 2)
  t.ok(err:find "^graph.load: no graph 'dgits'", err)
  t.eq({ command("chek", path) }, { 2, "", "moonlab graph: unknown word 'chek'; did you mean 'check'? (show, paths, check, diff)\n" })
  t.eq((command("paths", path, "zebra")), 2)
end)

system.remove(folder)
