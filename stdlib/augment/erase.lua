local schema = require "schema"

--- Random erasing: a rectangle of a share of the pictures is filled (Zhong et al. 2020).
-- @usage erase { p = 0.25 }
return schema.declare("augment.erase", {
  { "p", "number in [0, 1]", 0.5, "share of the pictures", at = 1 },
  { "scale", "list of number in [0, 1]", { 0.02, 0.33 }, "least and greatest share of the area" },
  { "ratio", "list of number > 0", { 0.3, 3.3 }, "least and greatest width to height" },
  { "fill", "number", 0.0, "what it is filled with, of pixels in [0, 1]" },
}, function(o) return { kind = "erase", p = o.p, scale = o.scale, ratio = o.ratio, fill = o.fill } end)
