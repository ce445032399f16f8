local schema = require "schema"

local lengths = { translate = { 2 }, scale = { 2 }, degrees = { 2 }, shear = { 2, 4 } }

--- Turns a picture about its centre (clockwise), moves, scales and shears it, each by chance within its range.
-- @usage affine { degrees = 10, translate = { 0.1, 0.1 }, scale = { 0.9, 1.1 }, interpolation = "bilinear" }
return schema.declare("augment.affine", {
  { "degrees", "number >= 0 or list of number", 0.0, "-d to d, or { low, high }", at = 1 },
  { "translate", "list of number in [0, 1]", { 0.0, 0.0 },
    "share of the width and of the height by which it moves at most, to either side" },
  { "scale", "list of number > 0", { 1.0, 1.0 }, "least and greatest factor" },
  { "shear", "number >= 0 or list of number", 0.0,
    "degrees along x, -d to d, or { low, high }, or those of x and of y: { low, high, low, high }" },
  { "interpolation", "one of nearest|bilinear", "nearest", "between pixels" },
  { "fill", "number", 0.0, "what lies outside of the picture, of pixels in [0, 1]" },
}, function(o)
  return { kind = "affine", degrees = o.degrees, translate = o.translate, scale = o.scale, shear = o.shear,
           interpolation = o.interpolation, fill = o.fill }
end, {
  check = function(o)
    for _, name in ipairs { "degrees", "translate", "scale", "shear" } do
      local fits = type(o[name]) ~= "table"
      for _, n in ipairs(lengths[name]) do fits = fits or #o[name] == n end
      if not fits then return ("%s takes %s numbers"):format(name, table.concat(lengths[name], " or ")), name end
    end
  end,
})
