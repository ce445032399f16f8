local image_network = require "image_network"
local schema = require "schema"

--- A vision transformer (Dosovitskiy et al. 2021): the picture's patches are its tokens; [B, C, S, S] -> [B, width]. The
-- defaults are a small one, for pictures of 32 x 32; ViT-B/16 is { patch = 16, layers = 12, heads = 12, width = 768 }.
-- @usage vision.vit { patch = 4, layers = 6, heads = 3, width = 192 }
return schema.declare("vision.vit", image_network.fields {
  { "patch", "integer > 0", 4, "side of a patch in pixels" },
  { "layers", "integer > 0", 6, "blocks of attention and perceptron" },
  { "heads", "integer > 0", 3, "of each attention; they divide the width" },
  { "width", "integer > 0", 192, "of a token, and number of features" },
  { "inner", "integer > 0", schema.optional, "width inside the perceptrons; four times the width where absent" },
  { "dropout", "number in [0, 1)", 0.0, "share dropped in training" },
  { "eps", "number > 0", 1e-6, "of the layer norms; Hugging Face's weights have 1e-12" },
}, image_network.builder("vision.vit", "VisionTransformer", "vit", function(o, image)
  if image[2] ~= image[3] then error(("vision.vit: takes square pictures, got %d x %d"):format(image[2], image[3]), 0) end
  return { image = image[2], patch = o.patch, layers = o.layers, heads = o.heads, width = o.width,
           inner = o.inner or 4 * o.width, dropout = o.dropout, eps = o.eps }
end))
