local schema = require "schema"

--- Random resized crop: a part of a random share of the area and random proportions, resized bilinearly with
-- antialiasing. What ImageNet is usually trained with (Szegedy et al. 2015).
-- @usage resized_crop { size = 64, scale = { 0.3, 1 } }
return schema.declare("augment.resized_crop", {
  { "size", "integer >= 0 or list of integer > 0", 0, "side, or { height, width }; 0: as the picture was", at = 1 },
  { "scale", "list of number in [0, 1]", { 0.08, 1.0 }, "least and greatest share of the area" },
  { "ratio", "list of number > 0", { 3 / 4, 4 / 3 }, "least and greatest width to height" },
}, function(o) return { kind = "resized_crop", size = o.size, scale = o.scale, ratio = o.ratio } end)
