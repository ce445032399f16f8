--- Settings of LibTorch for the whole process, and how tensors lie in memory, under PyTorch's names; imported by torch.
local torch = require "torch"
local settings = require "host.settings"
local did_you_mean = require "language.nearest".did_you_mean

--- Threads between operators, for LibTorch's own parallel work; can be set once, early.
-- @usage print(torch.get_num_interop_threads())
torch.get_num_interop_threads, torch.set_num_interop_threads = settings.interop_threads, settings.set_interop_threads

--- Whether operators without a deterministic form only warn.
-- @usage print(torch.is_deterministic_algorithms_warn_only_enabled())
torch.is_deterministic_algorithms_warn_only_enabled = settings.warns_only

local debug_modes = { default = 0, warn = 1, error = 2 }
--- torch.set_deterministic_debug_mode("default"|"warn"|"error"): operators without a deterministic form run, warn or raise.
-- @usage torch.set_deterministic_debug_mode("default")
function torch.set_deterministic_debug_mode(mode)
  local code = type(mode) == "number" and mode or debug_modes[mode]
  if code ~= 0 and code ~= 1 and code ~= 2 then
    error(("set_deterministic_debug_mode: unknown mode '%s' (default, warn, error, or 0 to 2)"):format(tostring(mode)), 2)
  end
  settings.set_deterministic(code > 0, code == 1)
end

--- 0 (default), 1 (warn) or 2 (error).
-- @usage print(torch.get_deterministic_debug_mode())
function torch.get_deterministic_debug_mode()
  if not settings.deterministic() then return 0 end
  return settings.warns_only() and 1 or 2
end

--- torch.set_float32_matmul_precision("highest"|"high"|"medium"): how exact products of float32 matrices are.
-- @usage torch.set_float32_matmul_precision("highest")
function torch.set_float32_matmul_precision(precision) settings.matmul_precision(precision) end

--- "highest", "high" or "medium".
-- @usage print(torch.get_float32_matmul_precision())
function torch.get_float32_matmul_precision() return settings.matmul_precision() end

-- A table whose fields are settings.
local function flags(name, get, set, fields)
  return setmetatable(fields or {}, {
    __index = function(_, key) return get(key) end,
    __newindex = function(_, key, value)
      if type(value) ~= "boolean" then error(("%s.%s must be true or false, got %s"):format(name, tostring(key), tostring(value)), 2) end
      set(key, value)
    end,
  })
end

torch.utils = rawget(torch, "utils") or {}
--- torch.utils.deterministic.fill_uninitialized_memory (true): with deterministic algorithms torch.empty gives NaN, or the largest
-- integer, in place of what lay there.
torch.utils.deterministic = flags("torch.utils.deterministic", function(key)
  if key == "fill_uninitialized_memory" then return settings.fill_uninitialized() end
end, function(key, value)
  if key ~= "fill_uninitialized_memory" then error("torch.utils.deterministic has no setting '" .. tostring(key) .. "' (fill_uninitialized_memory)", 3) end
  settings.fill_uninitialized(value)
end)

-- "cuda.matmul.allow_tf32" is torch.backends.cuda.matmul.allow_tf32.
local function backend(prefix, fields)
  local names = {}
  for _, name in ipairs(settings.flags()) do
    local rest = name:match("^" .. prefix:gsub("%.", "%%.") .. "%.([%w_]+)$")
    if rest then names[#names + 1] = rest end
  end
  local function known(key)
    for _, name in ipairs(names) do if name == key then return prefix .. "." .. key end end
    error(("torch.backends.%s has no flag '%s'%s (%s)"):format(prefix, tostring(key), did_you_mean(tostring(key), names), table.concat(names, ", ")), 3)
  end
  return flags("torch.backends." .. prefix, function(key) return settings.flag(known(key)) end, function(key, value) settings.flag(known(key), value) end, fields)
end

local function sdp(name)
  return function() return settings.flag("cuda." .. name .. "_sdp_enabled") end, function(on) settings.flag("cuda." .. name .. "_sdp_enabled", on) end
end

local cuda = { matmul = backend "cuda.matmul" }
cuda.flash_sdp_enabled, cuda.enable_flash_sdp = sdp "flash"
cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp = sdp "mem_efficient"
cuda.math_sdp_enabled, cuda.enable_math_sdp = sdp "math"
--- Whether this LibTorch can use CUDA here.
function cuda.is_built() return torch.cuda.is_available() end

--- torch.backends: flags of the libraries below LibTorch: cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32,
-- cuda.matmul.allow_tf32, mkldnn.enabled, mkldnn.deterministic, nnpack.enabled; cuda.enable_flash_sdp(on) and its kin.
torch.backends = {
  cudnn = backend("cudnn", { is_available = function() return torch.cuda.is_available() end }),
  mkldnn = backend("mkldnn", { is_available = function() return true end }),
  nnpack = backend "nnpack",
  cuda = cuda,
}

--- torch.set_memory_limit(bytes): tensors on the CPU may take so much together; an operator that needs more runs again after a
-- collection and then raises "out of memory" with the largest holders. nil or 0 is no limit, as at the start.
-- @usage torch.set_memory_limit(4e9); torch.set_memory_limit(nil)
function torch.set_memory_limit(bytes) require "host.tensor".set_cpu_limit(bytes or 0) end

-- Functions of torch that make a tensor where nothing else decides its device.
local factories = [[arange bartlett_window blackman_window empty empty_permuted empty_strided eye fft_fftfreq fft_rfftfreq full hamming_window
  hann_window kaiser_window linspace logspace ones rand randint randn randperm range scalar_tensor sparse_coo_tensor tensor tril_indices triu_indices zeros]]
local default_device, bare = "cpu", {}

local function with_device(call)
  return function(...)
    local n = select("#", ...)
    local last = select(n, ...)
    if n > 0 and type(last) == "table" and #last == 0 and type((next(last))) == "string" then
      if last.device ~= nil or last.out ~= nil then return call(...) end
      local options, values = { device = default_device }, { ... }
      for key, value in pairs(last) do options[key] = value end
      values[n] = options
      return call(unpack(values, 1, n))
    end
    local values = { ... }
    values[n + 1] = { device = default_device }
    return call(unpack(values, 1, n + 1))
  end
end

--- torch.set_default_device("cuda:0"): where torch.zeros and its kin make tensors whose device nothing else decides; nil or "cpu" is the
-- start. Layers are made on the CPU and moved with :to.
-- @usage torch.set_default_device("cpu")
function torch.set_default_device(device)
  device = device or "cpu"
  if device ~= "cpu" and device ~= "meta" then torch.empty(0, { device = device }) end -- says what is wrong with it
  default_device = device
  for name in factories:gmatch "%S+" do
    if device == "cpu" then
      torch[name], bare[name] = bare[name] or torch[name], nil
    elseif not bare[name] then
      bare[name] = torch[name]
      torch[name] = with_device(bare[name])
    end
  end
end

--- Where torch.zeros and its kin make tensors.
-- @usage print(torch.get_default_device())
function torch.get_default_device() return default_device end

local T = torch.Tensor
local operators = require "host.operators"
local contiguous, pin, pinned = operators.find("contiguous", true), operators.find("pin_memory", true), operators.find("is_pinned", true)

--- x:contiguous("channels_last"), x:contiguous{memory_format=}: x itself where it lies so already, else a copy that does.
-- @usage torch.ones(1, 3, 4, 4):contiguous("channels_last")
function T.contiguous(x, format)
  if format == nil then return contiguous(x) end
  return contiguous(x, type(format) == "string" and { memory_format = format } or format)
end

--- x:is_contiguous(), x:is_contiguous("channels_last"), x:is_contiguous{memory_format=}: whether the elements lie one after the other
-- in that order.
-- @usage print(torch.ones(1, 3, 4, 4):is_contiguous "channels_last")
function T.is_contiguous(x, format)
  if type(format) == "table" then format = format.memory_format end
  return settings.is_contiguous(x, format)
end

--- x:pin_memory(): x in memory that a GPU reads without the CPU's help, so that x:to("cuda", {non_blocking = true}) does not wait.
function T.pin_memory(x)
  require "host.cuda".open()
  return pin(x)
end

--- Whether x lies in such memory.
-- @usage print(torch.ones(2):is_pinned())
function T.is_pinned(x)
  if not torch.cuda.is_initialized() then return false end -- the question alone would open CUDA
  return pinned(x)
end

return settings
