local schema = require "schema"

--- Another size, with antialiasing. Beside other changes of the training pictures; of all pictures of a set `side`
-- tells the size.
-- @usage resize { 224, interpolation = "bicubic" }
return schema.declare("augment.resize", {
  { "size", "integer >= 0 or list of integer > 0", 0, "side, or { height, width }; 0: as the picture was", at = 1 },
  { "fit", "one of crop|squeeze", "crop",
    "what becomes of other proportions: the largest centred part is kept, or the whole picture is squeezed" },
  { "interpolation", "one of bilinear|bicubic", "bilinear", "between pixels" },
}, function(o) return { kind = "resize", size = o.size, fit = o.fit, interpolation = o.interpolation } end)
