local schema = require "schema"

--- The samples whose decoded path holds a node, for eval.report: a table of counts, and for each node a page of its
-- images (blue frames on deterministic paths, green ones on nondeterministic) or a list of its texts. With marks,
-- files of lines "index,mark" that say in which samples a person sees the node, the share of nondeterministic
-- passages that agree.
-- @usage node_report { "tabby", "solid", marks = { tabby = "tabby_marks.csv" } }
return schema.declare("node_report", {
  { "nodes", "list of string", {}, "the nodes; all that are no labels where absent", at = "rest" },
  { "marks", "map of path", {}, "files of human marks: node = file" },
  { "samples", "integer > 0", 48, "samples shown of a node" },
}, function(o) return o end)
