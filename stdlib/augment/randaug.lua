local schema = require "schema"

--- RandAugment (Cubuk et al. 2020): n operations by chance of fourteen, all of one magnitude: identity, shears, moves,
-- rotation, brightness, colour, contrast, sharpness, posterize, solarize, autocontrast, equalize, as strong as
-- torchvision's.
-- @usage randaug { n = 2, m = 9 }
return schema.declare("augment.randaug", {
  { "n", "integer >= 0", 2, "operations a picture" },
  { "m", "integer >= 0", 9, "magnitude, from 0 to bins - 1" },
  { "bins", "integer >= 2", 31, "how many magnitudes there are" },
  { "interpolation", "one of nearest|bilinear", "nearest", "between pixels" },
  { "fill", "number", 0.0, "what lies outside of the picture, of pixels in [0, 1]" },
}, function(o)
  return { kind = "randaug", n = o.n, m = o.m, bins = o.bins, interpolation = o.interpolation, fill = o.fill }
end, {
  check = function(o)
    if o.m >= o.bins then return ("magnitudes are 0 to %d, got m = %d"):format(o.bins - 1, o.m), "m" end
  end,
})
