--- Resampling and patches of torch.nn.functional: interpolate, grid_sample, affine_grid, fold, unfold.
local torch = require "torch"
local signature = require "torch.signature"
local nearest = require "language.nearest"
local aten = torch.ops.aten

local function one_of(word, words, who, what)
  for i, known in ipairs(words) do if word == known then return i - 1 end end
  error(("%s: %s must be '%s', got '%s'%s"):format(who, what, table.concat(words, "', '"), tostring(word),
    nearest.did_you_mean(tostring(word), words)), 0)
end

local modes = { "nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact", "lanczos" }
local dims_of = { linear = 3, bilinear = 4, bicubic = 4, lanczos = 4, trilinear = 5 }

local function spread(value, n, who)
  if type(value) ~= "table" then
    local list = {}
    for i = 1, n do list[i] = value end
    return list
  end
  if #value ~= n then error(("interpolate: %s has %d items for %d spatial dims"):format(who, #value, n), 0) end
  return value
end

return function(F)
  F.interpolate = signature("interpolate(input, size=nil, scale_factor=nil, mode='nearest', align_corners=nil, recompute_scale_factor=nil, antialias=false)",
    function(input, size, scale_factor, mode, align_corners, recompute, antialias)
      one_of(mode, modes, "interpolate", "mode")
      local n = input.ndim - 2
      if n < 1 or n > 3 then error(("interpolate: takes 3 to 5 dims, got %d"):format(input.ndim), 0) end
      if (size == nil) == (scale_factor == nil) then error("interpolate: give size or scale_factor, one of them", 0) end
      if recompute and size then error("interpolate: recompute_scale_factor needs scale_factor, not size", 0) end
      local blocky = mode == "nearest" or mode == "area" or mode == "nearest-exact"
      if blocky and align_corners ~= nil then error(("interpolate: align_corners says nothing with mode '%s'"):format(mode), 0) end
      if dims_of[mode] and dims_of[mode] ~= input.ndim then
        error(("interpolate: mode '%s' takes %d dims, got %d"):format(mode, dims_of[mode], input.ndim), 0)
      end
      if antialias and not (mode == "bilinear" or mode == "bicubic" or mode == "lanczos") then
        error(("interpolate: antialias goes with 'bilinear', 'bicubic' and 'lanczos', not '%s'"):format(mode), 0)
      end
      local out = size and spread(size, n, "size")
      local scales = scale_factor and spread(scale_factor, n, "scale_factor")
      if scales and (recompute or mode == "area") then
        out = {}
        for i = 1, n do out[i] = math.floor(input:size(i + 1) * scales[i]) end
        scales = nil
      end
      if mode == "area" then return aten["adaptive_avg_pool" .. n .. "d"](input, out) end
      if mode == "nearest" then return aten["upsample_nearest" .. n .. "d"].vec(input, out, scales) end
      if mode == "nearest-exact" then return aten["_upsample_nearest_exact" .. n .. "d"].vec(input, out, scales) end
      local name = ("upsample_%s%dd"):format(mode, n)
      if antialias then name = "_" .. name .. "_aa" end
      return aten[name].vec(input, out, align_corners or false, scales)
    end)
  F.upsample = signature("upsample(input, size=nil, scale_factor=nil, mode='nearest', align_corners=nil)", function(...) return F.interpolate(...) end)
  F.upsample_nearest = signature("upsample_nearest(input, size=nil, scale_factor=nil)", function(input, size, scale_factor)
    return F.interpolate(input, size, scale_factor, "nearest")
  end)
  F.upsample_bilinear = signature("upsample_bilinear(input, size=nil, scale_factor=nil)", function(input, size, scale_factor)
    return F.interpolate(input, size, scale_factor, "bilinear", true)
  end)

  F.grid_sample = signature("grid_sample(input, grid, mode='bilinear', padding_mode='zeros', align_corners=false)",
    function(input, grid, mode, padding_mode, align_corners)
      return aten.grid_sampler(input, grid, one_of(mode, { "bilinear", "nearest", "bicubic" }, "grid_sample", "mode"),
        one_of(padding_mode, { "zeros", "border", "reflection" }, "grid_sample", "padding_mode"), align_corners or false)
    end)
  F.affine_grid = signature("affine_grid(theta, size, align_corners=false)", function(theta, size, align_corners)
    return aten.affine_grid_generator(theta, size, align_corners or false)
  end)

  F.unfold = signature("unfold(input, kernel_size, dilation=1, padding=0, stride=1)", function(input, kernel_size, dilation, padding, stride)
    return aten.im2col(input, kernel_size, dilation, padding, stride)
  end)
  F.fold = signature("fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1)",
    function(input, output_size, kernel_size, dilation, padding, stride)
      return aten.col2im(input, output_size, kernel_size, dilation, padding, stride)
    end)
end
