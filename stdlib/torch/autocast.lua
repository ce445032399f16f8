--- torch.autocast: operators run in bfloat16 or float16 where that is known to be safe, by region.
local torch = require "torch"
local host = require "host.autocast"
local nearest = require "language.nearest"

local names = { "device_type", "dtype", "enabled", "cache_enabled" }
local known = {}
for _, name in ipairs(names) do known[name] = true end

-- A function, or a module, or whatever else can be called; as a function.
local function callable(value)
  if type(value) == "function" then return value end
  local meta = (type(value) == "table" or type(value) == "userdata") and getmetatable(value)
  if type(meta) == "table" and meta.__call then return function(...) return value(...) end end
end

local function type_of(device) return (tostring(device):match "^[^:]+") end

--- torch.autocast(device_type, {dtype=, enabled=true, cache_enabled=}, fn, ...): fn(...) with operators of that device
-- in dtype (bfloat16 on the CPU and float16 on CUDA unless set); what fn returns. Without fn: a function that takes it,
-- torch.autocast("cuda")(fn, ...). Regions nest, and enabled = false makes one in which operators keep their precision.
-- Call backward outside: gradients take the dtypes of the forward pass.
-- @usage print(torch.autocast("cpu", function() return torch.ones(2, 2):mm(torch.ones(2, 2)) end).dtype)
function torch.autocast(device, ...)
  local options, fn, first = {}, nil, 1
  local n, values = select("#", ...), { ... }
  if type(device) == "table" then
    for key, value in pairs(device) do options[key] = value end
    device = options.device_type
  end
  while first <= n and not callable(values[first]) do -- options by place, then by name
    local value = values[first]
    if type(value) == "table" then
      for key, item in pairs(value) do options[key] = item end
    elseif value ~= nil then
      options[names[first + 1] or "?"] = value
    end
    first = first + 1
  end
  fn = callable(values[first])
  for key in pairs(options) do
    if not known[key] then
      error(("autocast: unknown option '%s'%s (%s)"):format(tostring(key), nearest.did_you_mean(tostring(key), names),
        table.concat(names, ", ")), 2)
    end
  end
  if type(device) ~= "string" then error("autocast: the first argument is the device type, \"cpu\" or \"cuda\"", 2) end
  local device_type, dtype, cache = type_of(device), options.dtype, options.cache_enabled
  local enabled = options.enabled ~= false and options.enabled ~= torch.None
  if dtype == torch.None then dtype = nil end
  if cache == torch.None then cache = nil end
  if not host.available(device_type) then host.is_enabled(device_type) end -- raises with the names there are
  if device_type == "cuda" and enabled and not torch.cuda.is_available() then enabled = false end
  if not fn then
    return function(f, ...)
      if not callable(f) then error("autocast: expected a function or a module, got a " .. type(f), 2) end
      return host.region(device_type, enabled, dtype, cache, callable(f), ...)
    end
  end
  return host.region(device_type, enabled, dtype, cache, fn, unpack(values, first + 1, n))
end

--- torch.is_autocast_enabled(device_type="cuda"): whether operators of that device run in lower precision here.
-- @usage print(torch.is_autocast_enabled("cpu"))
function torch.is_autocast_enabled(device) return host.is_enabled(device and type_of(device)) end

--- torch.get_autocast_dtype(device_type): the dtype of autocast on that device.
-- @usage print(torch.get_autocast_dtype("cpu"))
function torch.get_autocast_dtype(device) return host.dtype(type_of(device)) end

function torch.set_autocast_enabled(device, enabled)
  if type(device) == "boolean" then device, enabled = "cuda", device end
  host.set_enabled(type_of(device), enabled)
end

function torch.set_autocast_dtype(device, dtype) host.set_dtype(type_of(device), dtype) end

function torch.is_autocast_cpu_enabled() return host.is_enabled "cpu" end
function torch.get_autocast_cpu_dtype() return host.dtype "cpu" end
function torch.get_autocast_gpu_dtype() return host.dtype "cuda" end
function torch.set_autocast_cpu_enabled(enabled) host.set_enabled("cpu", enabled) end
function torch.set_autocast_cpu_dtype(dtype) host.set_dtype("cpu", dtype) end
function torch.set_autocast_gpu_dtype(dtype) host.set_dtype("cuda", dtype) end

--- Weights cast in a region are kept until its end, so that each is cast once; these ask, set and clear that.
torch.is_autocast_cache_enabled, torch.set_autocast_cache_enabled = host.is_cache_enabled, host.set_cache_enabled
torch.clear_autocast_cache = host.clear_cache
torch.autocast_increment_nesting, torch.autocast_decrement_nesting = host.increment_nesting, host.decrement_nesting

return torch.autocast
