local schema = require "schema"

--- A share of the pictures loses its colours; the number of channels stays.
-- @usage grey { p = 0.2 }
return schema.declare("augment.grey", {
  { "p", "number in [0, 1]", 0.1, "share of the pictures", at = 1 },
}, function(o) return { kind = "grey", p = o.p } end)
