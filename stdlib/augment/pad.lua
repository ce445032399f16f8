local schema = require "schema"

--- Puts pixels at the edges: of one value, the outermost ones, or the picture mirrored.
-- @usage pad { { 4, 2 }, mode = "reflect" }
return schema.declare("augment.pad", {
  { "padding", "integer >= 0 or list of integer >= 0", schema.required,
    "of every edge, { x, y }, or { left, top, right, bottom }", at = 1 },
  { "fill", "number", 0.0, "value of constant ones, of pixels in [0, 1]" },
  { "mode", "one of constant|edge|reflect|symmetric", "constant",
    "reflect mirrors at the outermost pixel, symmetric behind it" },
}, function(o) return { kind = "pad", padding = o.padding, fill = o.fill, mode = o.mode } end, {
  check = function(o)
    local n = type(o.padding) == "table" and #o.padding or 1
    if n ~= 1 and n ~= 2 and n ~= 4 then
      return "padding takes a number, { x, y } or { left, top, right, bottom }", "padding"
    end
  end,
})
