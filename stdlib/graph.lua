--- The graph language: label graphs as statements in order.
--
--     return graph "animal" {                                   -- the root
--       block "species" { "cat", "dog" },                       -- competing nodes, one softmax
--       under "cat" { block "hair" { "short", "long" } },       -- statements below a node
--       labels "cat_breed" { under = "cat",                     -- labels compete with each other; attributes are edges
--         { "abyssinian", hair = "short" },
--         { "british", hair = { "short", "long" } } },          -- several of one block: nondeterministic
--     }
--
-- graph.load "pets" reads graphs/pets.lua; graph.csv, graph.dot, graph.json, graph.names and graph.wordnet read what
-- others wrote (stdlib/graph/imports.lua); g:trim, g:without, g:merge, g:subgraph derive one from another
-- (stdlib/graph/derived.lua).
local derived = require "graph.derived"
local host = require "host.graph"
local language = require "language"
local nearest = require "language.nearest"
local order = require "language.order"
local schema = require "schema"
local site = require "language.site"
local system = require "host.system"

-- A description under construction; `where` says in which statement a node was written.
local Builder = {}
Builder.__index = Builder

local function new_builder(root)
  return setmetatable({ root = root, nodes = {}, edges = {}, blocks = {}, labels = {}, where = {}, known = { [root] = true },
                        scopes = { [root] = {} }, problems = {} }, Builder)
end

function Builder:problem(position, message) table.insert(self.problems, { position = position, message = message }) end

function Builder:names()
  local names = {}
  for name in pairs(self.known) do names[#names + 1] = name end
  table.sort(names)
  return names
end

function Builder:declare(name, position)
  if self.known[name] then
    self:problem(position, ("node '%s' is declared twice"):format(name))
    return
  end
  self.known[name], self.where[name] = true, position
  table.insert(self.nodes, name)
end

function Builder:edge(from, to) table.insert(self.edges, { from, to }) end

-- A block's name is unique below its parent; in the graph it carries its parent's name unless that is the root.
local function block_key(self, parent, name) return parent == self.root and name or parent .. "." .. name end

local statements = {}

function statements.block(self, node, parent)
  local name = node.args.name
  local scope = self.scopes[parent]
  if rawget(scope, name) then -- a block further up may have the same name: below `parent` this one is meant
    self:problem(node.position, ("block '%s' is declared twice below '%s'"):format(name, parent))
    return
  end
  local key = block_key(self, parent, name)
  scope[name] = { key = key, members = {} }
  for _, member in ipairs(node.args.nodes) do
    self:declare(member, node.position)
    self:edge(parent, member)
    table.insert(self.blocks, { member, key })
    scope[name].members[member] = true
  end
end

function statements.under(self, node, parent)
  local name = node.args.name
  if not self.known[name] then
    self:problem(node.position, ("under \"%s\": no such node%s"):format(name, nearest.did_you_mean(name, self:names())))
    return
  end
  self.scopes[name] = self.scopes[name] or setmetatable({}, { __index = self.scopes[parent] })
  for _, statement in ipairs(node.args.statements) do statements[statement.kind](self, statement, name) end
end

-- The block that an attribute of a row names: below `under`, or further up.
local function attribute_block(self, parent, name)
  local scope = self.scopes[parent] or {}
  if scope[name] then return scope[name] end
  local names = {}
  local seen = scope
  while seen do
    for known in pairs(seen) do names[#names + 1] = known end
    local meta = getmetatable(seen)
    seen = meta and meta.__index
  end
  table.sort(names)
  return nil, ("unknown block '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names), table.concat(names, ", "))
end

function statements.labels(self, node, parent)
  local o = node.args
  local below = o.under or parent
  if not self.known[below] then
    self:problem(node.position, ("labels \"%s\": no node '%s'%s"):format(o.name, below, nearest.did_you_mean(below, self:names())))
    return
  end
  self.scopes[below] = self.scopes[below] or setmetatable({}, { __index = self.scopes[parent] })
  for _, row in ipairs(o.rows) do
    local position = site.tables[row] or node.position
    local label = type(row) == "string" and row or row[1]
    if type(label) ~= "string" then
      self:problem(position, "a row of labels starts with the label's name, as in { \"abyssinian\", hair = \"short\" }")
    else
      self:declare(label, position)
      table.insert(self.labels, label)
      table.insert(self.blocks, { label, block_key(self, below, o.name) })
      local linked = false
      for _, attribute in ipairs(type(row) == "table" and order.keys(row) or {}) do
        if type(attribute) == "string" then
          linked = true
          local block, problem = attribute_block(self, below, attribute)
          if not block then
            self:problem(position, ("label '%s': %s"):format(label, problem))
          else
            local values = type(row[attribute]) == "table" and row[attribute] or { row[attribute] }
            for _, value in ipairs(values) do
              if block.members[value] then
                self:edge(value, label)
              else
                local members = {}
                for member in pairs(block.members) do members[#members + 1] = member end
                table.sort(members)
                self:problem(position, ("label '%s': block '%s' has no node '%s'%s (%s)"):format(label, attribute,
                  tostring(value), nearest.did_you_mean(tostring(value), members), table.concat(members, ", ")))
              end
            end
          end
        end
      end
      if not linked then self:edge(below, label) end
    end
  end
end

local function described(o, node)
  local builder = new_builder(o.name)
  for _, statement in ipairs(o.statements) do statements[statement.kind](builder, statement, o.name) end
  local description = { root = builder.root, nodes = builder.nodes, edges = builder.edges, blocks = builder.blocks,
                        labels = builder.labels }
  if #builder.problems == 0 then
    for _, problem in ipairs(host.check(description)) do
      builder:problem(builder.where[problem.node] or node.position, problem.text)
    end
  end
  return description, builder.problems
end

--- Competing nodes: one softmax among them. Its nodes hang below the statement's parent.
-- @usage graph "animal" { block "species" { "cat", "dog" } }
schema.declare("block", {
  { "nodes", "list of string", schema.required, "the nodes, in order", at = "rest" },
}, function() error("block: it stands inside a graph", 0) end, { named = true })

--- Statements below a node.
-- @usage graph "animal" { block "species" { "cat" }, under "cat" { block "hair" { "short", "long" } } }
schema.declare("under", {
  { "statements", "list of node block|under|labels", schema.required, "blocks and labels below the node", at = "rest" },
}, function() error("under: it stands inside a graph", 0) end, { named = true })

--- Labels that compete with each other. A row is a name, or a table of a name and attributes: block = value or values.
-- @usage graph "animal" { block "hair" { "short", "long" }, labels "breed" { { "persian", hair = "long" } } }
schema.declare("labels", {
  { "rows", "list of any", schema.required, "the labels with their attributes", at = "rest" },
  { "under", "string", schema.optional, "the node that rows without attributes hang on; the root where absent" },
}, function() error("labels: it stands inside a graph", 0) end, { named = true })

-- Every problem a line, located.
local function listed(problems)
  local lines = {}
  for i, problem in ipairs(problems) do lines[i] = site.prefix(problem.position) .. problem.message end
  return table.concat(lines, "\n")
end

--- A label graph: one root, labels and augmented nodes, blocks of competing nodes (Definitions 3.1 to 3.3 of the
-- label-space paper). A node is a label where a `labels` statement or a dataset of a join says so, else augmented.
-- @usage graph "animal" { block "species" { "cat", "dog" } }
local graph = schema.declare("graph", {
  { "statements", "list of node block|under|labels", schema.required, "blocks and labels, in order", at = "rest" },
}, function(o, context, node)
  local description, problems = described(o, node or {})
  if #problems > 0 then error(listed(problems), 0) end
  return derived.bound(host.build(description), context)
end, {
  named = true,
  methods = derived.methods,
  -- a graph's mistakes are a script's mistakes: all at once, located, before anything is built
  check = function(o)
    local _, problems = described(o, { position = site.position() })
    if #problems > 0 and not site.session then error(listed(problems), 0) end
    for _, problem in ipairs(problems) do site.fail(problem.position, problem.message) end
  end,
})

for name, constructor in pairs(require "graph.imports") do graph[name] = constructor end

-- Files that are no Lua, by their ending.
local formats = { csv = "csv", tsv = "csv", dot = "dot", gv = "dot", json = "json" }

--- graph.load "pets": the graph of graphs/pets.lua, here or beside the program. A path that ends in .lua, .csv, .tsv, .dot,
-- .gv or .json is taken as it is.
function graph.load(name)
  if name:match "%.lua$" then return language.load_file(name) end
  local format = formats[name:match "%.(%w+)$"]
  if format then return graph[format] { name } end
  local tried, known = {}, {}
  for _, folder in ipairs { "graphs/", MOONLAB_ROOT .. "/graphs/" } do
    for _, file in ipairs(system.stat(folder) and system.list(folder) or {}) do
      known[#known + 1] = file:match "^(.*)%.lua$"
    end
    local path = folder .. name .. ".lua"
    local file = io.open(path)
    if file then
      file:close()
      return language.load_file(path)
    end
    tried[#tried + 1] = path
  end
  error(("graph.load: no graph '%s'%s (%s)"):format(name, nearest.did_you_mean(name, known),
    table.concat(tried, ", ")), 2)
end

return graph
