local schema = require "schema"

--- Random crop: a part of the picture at a random place, after `pad` pixels of `fill` were put at each edge. With
-- pad = 4 and `flip`, what CIFAR is usually trained with. The size stays as it was unless one is given.
-- @usage crop { pad = 4 }
return schema.declare("augment.crop", {
  { "pad", "integer >= 0", 0, "pixels put at each edge first", at = 1 },
  { "size", "integer >= 0 or list of integer > 0", 0, "side, or { height, width }; 0: as the picture was" },
  { "fill", "number", 0.0, "their value, of pixels in [0, 1]" },
}, function(o) return { kind = "crop", pad = o.pad, size = o.size, fill = o.fill } end)
