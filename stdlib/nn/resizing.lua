--- Layers that undo or vary pooling, and resize images.
local define = require "nn.define"
local repr, each = define.repr, define.each

local resizing = {}

for n = 1, 3 do
  local name = ("MaxUnpool%dd"):format(n)
  resizing[name] = define.layer(name .. "(kernel_size, stride=nil, padding=0)", {
    init = function(self, kernel_size, stride, padding)
      self.kernel_size, self.stride, self.padding = each(kernel_size, n), each(stride or kernel_size, n), each(padding, n)
    end,
    forward = define.method(name .. "(input, indices, output_size=nil)", function(self, input, indices, output_size)
      return require("nn.functional")[("max_unpool%dd"):format(n)](input, indices, self.kernel_size, self.stride, self.padding, output_size)
    end),
    extra_repr = function(self)
      return ("kernel_size=%s, stride=%s, padding=%s"):format(repr(self.kernel_size), repr(self.stride), repr(self.padding))
    end,
  })

  local lp = ("LPPool%dd"):format(n)
  resizing[lp] = define.layer(lp .. "(norm_type, kernel_size, stride=nil, ceil_mode=false)", {
    init = function(self, norm_type, kernel_size, stride, ceil_mode)
      self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode
    end,
    forward = function(self, input)
      return require("nn.functional")[("lp_pool%dd"):format(n)](input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)
    end,
    extra_repr = function(self)
      return ("norm_type=%s, kernel_size=%s, stride=%s, ceil_mode=%s"):format(repr(self.norm_type), repr(self.kernel_size), repr(self.stride),
        repr(self.ceil_mode))
    end,
  })
end

for n = 2, 3 do
  local name = ("FractionalMaxPool%dd"):format(n)
  resizing[name] = define.layer(name .. "(kernel_size, output_size=nil, output_ratio=nil, return_indices=false, _random_samples=nil)", {
    init = function(self, kernel_size, output_size, output_ratio, return_indices, samples)
      if (output_size == nil) == (output_ratio == nil) then
        error(name .. ": give output_size or output_ratio, one of the two", 0)
      end
      for _, ratio in ipairs(output_ratio and each(output_ratio, n) or {}) do
        if not (ratio > 0 and ratio < 1) then error(("%s: output_ratio must be between 0 and 1, got %g"):format(name, ratio), 0) end
      end
      self.kernel_size, self.return_indices = each(kernel_size, n), return_indices
      self.output_size, self.output_ratio = output_size and each(output_size, n), output_ratio and each(output_ratio, n)
      self:register_buffer("_random_samples", samples)
    end,
    forward = function(self, input)
      return require("nn.functional")[("fractional_max_pool%dd"):format(n)](input, self.kernel_size, self.output_size, self.output_ratio,
        self.return_indices, self._random_samples)
    end,
  })
end

local function resize(self, input)
  return require("nn.functional").interpolate(input, { size = self.size_wanted, scale_factor = self.scale_factor, mode = self.mode,
    align_corners = self.align_corners, recompute_scale_factor = self.recompute_scale_factor })
end

local function text(self)
  local what = self.scale_factor and "scale_factor=" .. repr(self.scale_factor, true) or "size=" .. repr(self.size_wanted)
  return what .. ", mode=" .. repr(self.mode)
end

resizing.Upsample = define.layer("Upsample(size=nil, scale_factor=nil, mode='nearest', align_corners=nil, recompute_scale_factor=nil)", {
  init = function(self, size, scale_factor, mode, align_corners, recompute)
    self.size_wanted, self.scale_factor, self.mode = size, scale_factor, mode
    self.align_corners, self.recompute_scale_factor = align_corners, recompute
  end,
  forward = resize, extra_repr = text,
})
for name, mode in pairs { UpsamplingNearest2d = "nearest", UpsamplingBilinear2d = "bilinear" } do
  resizing[name] = define.layer(name .. "(size=nil, scale_factor=nil)", {
    init = function(self, size, scale_factor)
      self.size_wanted, self.scale_factor, self.mode = size, scale_factor, mode
      if mode == "bilinear" then self.align_corners = true end
    end,
    forward = resize, extra_repr = text,
  })
end

return resizing
