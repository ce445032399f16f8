local schema = require "schema"

--- Mirrors a share of the pictures.
-- @usage flip {}
return schema.declare("augment.flip", {
  { "p", "number in [0, 1]", 0.5, "share that is mirrored", at = 1 },
  { "vertical", "boolean", false, "upside down in place of left to right" },
}, function(o) return { kind = "flip", p = o.p, vertical = o.vertical } end)
