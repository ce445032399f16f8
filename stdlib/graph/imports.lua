-- Label graphs that others wrote: edge lists, GraphViz, node-link JSON, dotted names, WordNet.
local catalogue = require "catalogue"
local derived = require "graph.derived"
local host = require "host.graph"
local schema = require "schema"

local root = { "root", "string", schema.optional, "the root; without it the one node that has no parent" }
local labels = { "labels", "list of string", schema.optional, "the labels; without them those that the file marks, else every leaf" }
local blocks = { "blocks", "one of none|siblings", "none", "siblings: nodes that stand in no block compete with the other children of their parent" }

local function path(what) return { "path", "path", schema.required, what, at = 1 } end

-- Every line of a message with the file that it is about.
local function with_file(message, file)
  local lines = {}
  for line in tostring(message):gmatch "[^\n]+" do
    line = line:gsub("^[^\n:]*graph/imports%.lua:%d+: ", "")
    lines[#lines + 1] = file and not line:find(file, 1, true) and file .. ": " .. line or line
  end
  return table.concat(lines, "\n")
end

-- A constructor of the kind graph.FORMAT whose builder hands its options to the host.
local function reader(format, fields)
  return schema.declare("graph." .. format, fields, function(o, context)
    local options = {}
    for _, field in ipairs(fields) do
      local value = o[field[1]]
      if value ~= nil then options[field[1]] = field[2] == "path" and catalogue.path(value) or value end
    end
    local done, made = pcall(host.import, format, options)
    if not done then error(with_file(made, o.path), 0) end
    return derived.bound(made, context)
  end, { methods = derived.methods })
end

local imports = {}

--- Edges as lines "parent,child" or "parent,child,block", separated by comma, semicolon or tab; with or without a header
-- of these words; lines that start with # are comments.
-- @usage graph.csv { "animals.csv", blocks = "siblings" }
imports.csv = reader("csv", { path "a file of edges", root, labels, blocks })

--- A GraphViz digraph. Subgraphs whose names start with "cluster" are blocks, so are nodes with block = "..."; shape = box
-- marks labels: what `moonlab graph show --dot` writes comes back as it was.
-- @usage graph.dot { "animals.dot" }
imports.dot = reader("dot", { path "a file in the DOT language", root, labels, blocks })

--- networkx's node-link JSON, or the JSON of another label graph.
-- @usage graph.json { "CIFAR10.wordnet.json", name = "label", blocks = "siblings" }
imports.json = reader("json", { path "a JSON file", { "name", "string", "id", "the attribute that names a node" }, root, labels, blocks })

--- Names whose parts are separated: "cs.LG" lies below "cs", which lies below the root.
-- @usage graph.names { { "cs.LG", "cs.CV", "math.CO" }, root = "arxiv" }
imports.names = reader("names", {
  { "names", "list of string", schema.required, "the labels", at = 1 },
  { "separator", "string", ".", "what stands between the parts" },
  { "root", "string", "root", "the root's name" },
  { "blocks", "one of none|siblings", "siblings", "siblings: the children of a node compete" },
})

--- The nouns of WordNet (a dictionary folder, as Debian's wordnet-base installs one): with `labels` only they and what lies
-- above them. A synset is named "dog.n.01" or by its id "n02084071"; a word alone stands for its first sense.
-- @usage graph.wordnet { labels = { "dog", "cat", "n02691156" }, blocks = "siblings" }
imports.wordnet = reader("wordnet", {
  { "labels", "list of string", schema.optional, "synsets; without them every leaf" },
  { "root", "string", "entity.n.01", "the synset that is the root" },
  { "name", "one of synset|wnid", "synset", "what nodes are called: dog.n.01 or n02084071" },
  { "folder", "path", schema.optional, "the dictionary; else $WNSEARCHDIR, $WNHOME/dict, /usr/share/wordnet" },
  { "blocks", "one of none|siblings", "none", "siblings: the children of a node compete, each in its first parent's block" },
})

return imports
