local schema = require "schema"
local make = require("host.module").make

--- Linear layers with ReLU over the flattened image. x [B, C, H, W] -> [B, last width].
-- @usage vision.mlp { widths = { 500, 500 } }
return schema.declare("vision.mlp", {
  { "widths", "list of integer > 0", { 500, 500 }, "outputs of the layers" },
  { "deviation", "number > 0", schema.optional,
    "weights begin normal with this deviation, cut at twice of it, and biases at 0; as torch's Linear where absent" },
}, function(o, context)
  local image = context and context.image or { 1, 28, 28 }
  return make("Mlp", { in_features = image[1] * image[2] * image[3], widths = o.widths, deviation = o.deviation or 0 })
end)
