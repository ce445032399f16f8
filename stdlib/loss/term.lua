local schema = require "schema"

--- A loss of one's own: a function of the model's output and the batch that gives a number (a tensor of no dims).
-- `out` has features and, for a trunk with one head, logits; `batch` has x, y, idx, domain.
-- @usage loss.term(function(out, batch) return out.logits:square():mean() end)
return schema.declare("loss.term", {
  { "fn", "function", schema.required, "function(out, batch) -> scalar tensor", at = 1 },
  { "name", "string", "term", "what it is called in the log" },
}, function(o) return o.fn end)
