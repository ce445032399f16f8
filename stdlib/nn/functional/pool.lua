--- Pooling of torch.nn.functional. With return_indices the indices come as a second value.
local torch = require "torch"
local signature = require "torch.signature"
local aten = torch.ops.aten

-- One number for all of n dims, or one for each.
local function each(value, n)
  if type(value) == "number" then value = { value } end
  if #value == n then return value end
  local list = {}
  for i = 1, n do list[i] = value[1] end
  return list
end

-- torch.None, or nothing, keeps the input's size.
local function sizes(value, input, n)
  if type(value) == "table" and #value ~= n and #value ~= 1 then
    error(("output_size must be one number or %d, got %d"):format(n, #value), 0)
  end
  local list = each(value, n)
  local out = {}
  for i = 1, n do out[i] = list[i] ~= torch.None and list[i] or input:size(i - n - 1) end
  return out
end

return function(F)
  for n = 1, 3 do
    local with_indices = n == 1 and aten.max_pool1d_with_indices or aten[("max_pool%dd_with_indices"):format(n)]
    local plain = aten[("max_pool%dd"):format(n)]
    local list = "(input, kernel_size, stride=nil, padding=0, dilation=1, ceil_mode=false, return_indices=false)"
    local function max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)
      if return_indices then return with_indices(input, kernel_size, stride or {}, padding, dilation, ceil_mode) end
      return plain(input, kernel_size, stride or {}, padding, dilation, ceil_mode)
    end
    F[("max_pool%dd"):format(n)] = signature(("max_pool%dd%s"):format(n, list), max_pool)
    F[("max_pool%dd_with_indices"):format(n)] = signature(("max_pool%dd_with_indices%s"):format(n, list),
      function(input, kernel_size, stride, padding, dilation, ceil_mode)
        return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, true)
      end)

    local adaptive = aten[("adaptive_max_pool%dd"):format(n)]
    list = "(input, output_size, return_indices=false)"
    F[("adaptive_max_pool%dd"):format(n)] = signature(("adaptive_max_pool%dd%s"):format(n, list), function(input, output_size, return_indices)
      local values, indices = adaptive(input, sizes(output_size, input, n))
      if return_indices then return values, indices end
      return values
    end)
    F[("adaptive_max_pool%dd_with_indices"):format(n)] = signature(("adaptive_max_pool%dd_with_indices%s"):format(n, list),
      function(input, output_size) return adaptive(input, sizes(output_size, input, n)) end)
    local average = aten[("adaptive_avg_pool%dd"):format(n)]
    F[("adaptive_avg_pool%dd"):format(n)] = signature(("adaptive_avg_pool%dd(input, output_size)"):format(n),
      function(input, output_size) return average(input, sizes(output_size, input, n)) end)

    local name = ("max_unpool%dd"):format(n)
    F[name] = signature(name .. "(input, indices, kernel_size, stride=nil, padding=0, output_size=nil)",
      function(input, indices, kernel_size, stride, padding, output_size)
        local kernel, pad = each(kernel_size, n), each(padding, n)
        local step = stride and #each(stride, n) == n and each(stride, n) or kernel
        local out = {}
        for d = 1, n do out[d] = (input:size(d - n - 1) - 1) * step[d] + kernel[d] - 2 * pad[d] end
        if output_size then
          local skip = #output_size - n
          if skip ~= 0 and skip ~= 2 then error(("%s: output_size has %d items, expected %d or %d"):format(name, #output_size, n, n + 2), 3) end
          for d = 1, n do
            local wanted = output_size[skip + d]
            if math.abs(wanted - out[d]) >= step[d] then
              error(("%s: output_size %d of dim %d must lie between %d and %d"):format(name, wanted, d - 1, out[d] - step[d], out[d] + step[d]), 3)
            end
            out[d] = wanted
          end
        end
        if n == 3 then return aten.max_unpool3d(input, indices, out, step, pad) end
        if n == 2 then return aten.max_unpool2d(input, indices, out) end
        return aten.max_unpool2d(input:unsqueeze(-1), indices:unsqueeze(-1), { out[1], 1 }):squeeze(-1)
      end)

    name = ("lp_pool%dd"):format(n)
    local avg = aten[("avg_pool%dd"):format(n)]
    F[name] = signature(name .. "(input, norm_type, kernel_size, stride=nil, ceil_mode=false)", function(input, norm_type, kernel_size, stride, ceil_mode)
      if norm_type == math.huge then return plain(input:abs(), kernel_size, stride or {}, 0, 1, ceil_mode) end
      if norm_type == -math.huge then return -plain(-input:abs(), kernel_size, stride or {}, 0, 1, ceil_mode) end
      local out = avg(input:pow(norm_type), kernel_size, stride or {}, 0, ceil_mode)
      local volume = 1
      for _, k in ipairs(each(kernel_size, n)) do volume = volume * k end
      return (out:sign() * out:abs():relu() * volume):pow(1 / norm_type)
    end)
  end

  for n = 2, 3 do
    local name = ("fractional_max_pool%dd"):format(n)
    local pool = aten[name]
    local list = "(input, kernel_size, output_size=nil, output_ratio=nil, return_indices=false, _random_samples=nil)"
    local function both(input, kernel_size, output_size, output_ratio, _, samples)
      if not output_size then
        if not output_ratio then error(name .. ": give output_size or output_ratio", 3) end
        local ratio = each(output_ratio, n)
        output_size = {}
        for d = 1, n do output_size[d] = math.floor(input:size(d - n - 1) * ratio[d]) end
      end
      samples = samples or torch.rand({ input.ndim == n + 1 and 1 or #input, input:size(-n - 1), n }, { dtype = input.dtype, device = input.device })
      return pool(input, kernel_size, output_size, samples)
    end
    F[name .. "_with_indices"] = signature(name .. "_with_indices" .. list, both)
    F[name] = signature(name .. list, function(input, kernel_size, output_size, output_ratio, return_indices, samples)
      local values, indices = both(input, kernel_size, output_size, output_ratio, nil, samples)
      if return_indices then return values, indices end
      return values
    end)
  end
end
