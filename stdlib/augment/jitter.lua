local schema = require "schema"

local function factor(name)
  return { name, "number >= 0 or list of number >= 0", 0.0,
           "by a factor of 1 - d to 1 + d (not below 0), or { low, high }" }
end

--- Colour jitter: brightness, contrast, saturation and hue of a picture change by chance, in random order. A picture of
-- one channel has no saturation and no hue.
-- @usage jitter { brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1 }
return schema.declare("augment.jitter", {
  factor "brightness",
  factor "contrast",
  factor "saturation",
  { "hue", "number in [0, 0.5] or list of number in [-0.5, 0.5]", 0.0,
    "turned by -d to d of its circle, or by { low, high }" },
  { "p", "number in [0, 1]", 1.0, "share of the pictures" },
}, function(o)
  return { kind = "jitter", brightness = o.brightness, contrast = o.contrast, saturation = o.saturation, hue = o.hue,
           p = o.p }
end, {
  check = function(o)
    for _, name in ipairs { "brightness", "contrast", "saturation", "hue" } do
      local range = o[name]
      if type(range) == "table" and (#range ~= 2 or range[1] > range[2]) then
        return name .. " takes a number or { low, high }", name
      end
    end
  end,
})
