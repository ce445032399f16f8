-- Label graphs made of other label graphs: the methods that every graph of a script has.
local schema = require "schema"

local derived = {}

--- Marks the labels that the datasets of a join bring (context.labels). Raises for one that the graph lacks.
function derived.bound(built, context)
  for _, label in ipairs(context and context.labels or {}) do built:bind(label) end
  return built
end

-- A graph that is still to be changed need not hold all labels.
local function unbound(node, context) return schema.build(node, setmetatable({ labels = false }, { __index = context })) end

derived.methods = {
  --- g:trim(0.36): without round(share * augmented nodes) of the nodes that are no labels; their parents get their
  -- children. Labels are bound first, so that they stay.
  trim = { {
    { "share", "number in [0, 1]", schema.required, "share of the augmented nodes that is dropped", at = 1 },
    { "seed", "integer >= 0", 0, "which ones" },
  }, function(o, context) return derived.bound(schema.build(o.of, context), context):trim(o.share, o.seed) end },

  --- g:without { "solid", "tabby" }: the same for nodes by name.
  without = { {
    { "nodes", "list of string", schema.required, "augmented nodes to drop", at = 1 },
  }, function(o, context) return derived.bound(schema.build(o.of, context), context):without(o.nodes) end },

  --- g:merge(h, { aliases = { ["tiger lily"] = "tiger_lily" } }): both graphs on one root; nodes of equal name are one.
  merge = { {
    { "other", "node graph", schema.required, "the graph that joins this one; its root becomes this one's", at = 1 },
    { "aliases", "map of string", {}, "other names for its nodes: [name there] = name here" },
  }, function(o, context)
    return derived.bound(unbound(o.of, context):merge(unbound(o.other, context), o.aliases), context)
  end },

  --- g:subgraph { root = "cat" }, g:subgraph { labels = { "mau", "british" } }: what lies below a node, or above labels.
  subgraph = { {
    { "root", "string", schema.optional, "the node that becomes the root" },
    { "labels", "list of string", schema.optional, "only these labels and what lies above them" },
  }, function(o, context)
    return derived.bound(unbound(o.of, context):subgraph(o.root, o.labels), context)
  end },
}

return derived
