--- Making tensors: what PyTorch's Python layer adds to ATen's factories.
local torch = require "torch"
local host = require "host.tensor"

torch.is_tensor = host.is_tensor

--- A tensor from nested tables of numbers or booleans, or from a number. float32 unless dtype says otherwise; tables of
-- booleans make bool tensors. Options: dtype, device, requires_grad.
-- @usage torch.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "int64" })
function torch.tensor(data, options)
  options = options or {}
  local x
  if host.is_tensor(data) then
    x = data:detach():clone()
    if options.dtype or options.device then x = x:to { dtype = options.dtype, device = options.device } end
  else
    x = host.from_table(data, options.dtype, options.device)
    local default = torch.get_default_dtype()
    -- read again: float64 numbers must not have been float32 in between
    if not options.dtype and x.dtype == "float32" and default ~= "float32" then x = host.from_table(data, default,
      options.device) end
  end
  if options.requires_grad then x.requires_grad = true end
  return x
end

local default_device

-- What a call of a factory asks beside ATen's own keywords: requires_grad, which ATen does not know; `out`, which
-- ATen takes
-- without the dtype and place that it has already; the default device. Gives ATen's keywords and requires_grad.
local function split(name, options)
  local kept = {}
  for key, value in pairs(options) do kept[key] = value end
  local out = kept.out
  if out then
    for _, key in ipairs { "dtype", "layout" } do
      if kept[key] and key == "dtype" and torch.empty({ 0 }, { dtype = kept[key] }).dtype ~= out.dtype then
        error(("%s: dtype %s does not match that of out, %s"):format(name, tostring(kept[key]), out.dtype), 3)
      end
      kept[key] = nil
    end
    kept.device, kept.pin_memory = nil, nil
  elseif default_device and not kept.device then
    kept.device = default_device
  end
  kept.requires_grad = nil
  return next(kept) ~= nil and kept or nil, options.requires_grad
end

-- Wraps a factory: a function of `holder`, torch or the methods of tensors.
local function factory(name, holder)
  local bare = holder[name] or require "host.operators".find(name, true)
  local makes = holder == torch and not name:find "_like$"
  holder[name] = function(...)
    local n = select("#", ...)
    local last = n > 0 and select(n, ...) or nil
    local named = type(last) == "table" and #last == 0 and next(last) ~= nil
    if not (named and (last.requires_grad ~= nil or last.out ~= nil)) and not (default_device and makes) then
      return bare(...)
    end
    local args = { ... }
    if not named then n = n + 1 end
    local requires_grad
    args[n], requires_grad = split(name, named and last or {})
    local x = bare(unpack(args, 1, args[n] and n or n - 1))
    if requires_grad then x.requires_grad = true end
    return x
  end
end
local factories = [[zeros ones rand randn randint randperm empty eye linspace logspace arange range scalar_tensor empty_strided empty_permuted
  zeros_like ones_like rand_like randn_like randint_like empty_like bartlett_window blackman_window hamming_window hann_window
  kaiser_window fft_fftfreq fft_rfftfreq]]
for name in factories:gmatch "%S+" do factory(name, torch) end
for _, name in ipairs { "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided" } do
  factory(name, torch.Tensor)
end

local full = torch.full
--- torch.full(size, value, {dtype=...}): float32 unless dtype says otherwise, also for an integral value.
-- @usage torch.full({ 2, 3 }, 1)
function torch.full(size, value, options)
  local o, requires_grad = split("full", options or {})
  if not (o and (o.dtype or o.out)) and type(value) == "number" then
    o = o or {}
    o.dtype = torch.get_default_dtype()
  end
  local x = full(size, value, o)
  if requires_grad then x.requires_grad = true end
  return x
end
factory("full_like", torch)

--- torch.set_default_device(device): where factories make tensors when nothing else says; nil is the CPU.
-- @usage torch.set_default_device("cpu")
function torch.set_default_device(device)
  default_device = device ~= nil and torch.empty({ 0 }, { device = device }).device or nil
  if default_device == "cpu" then default_device = nil end
end
--- torch.get_default_device(): where factories make tensors.
-- @usage print(torch.get_default_device())
function torch.get_default_device() return default_device or "cpu" end

local settings = require "host.settings"

--- The floating dtype of tensors whose dtype nothing else decides: "float32" unless torch.set_default_dtype said otherwise.
-- @usage print(torch.get_default_dtype())
torch.get_default_dtype = settings.dtype
torch.set_default_dtype = settings.set_dtype

--- Threads that one operator may use.
-- @usage torch.set_num_threads(1)
torch.get_num_threads, torch.set_num_threads = settings.threads, settings.set_threads

--- torch.use_deterministic_algorithms(on, {warn_only = false}): operators without a deterministic form raise.
-- @usage torch.use_deterministic_algorithms(true)
function torch.use_deterministic_algorithms(on, options)
  settings.set_deterministic(on, options and options.warn_only)
end
torch.are_deterministic_algorithms_enabled = settings.deterministic
torch.set_flush_denormal = settings.flush_denormal

--- A number that counts as a float where a Scalar of 2 would count as an integer.
-- @usage torch.ones(2, { dtype = "int64" }):add(torch.float_scalar(2)) -- float32
function torch.float_scalar(x) return host.as_number(torch.scalar_tensor(x, { dtype = "float64" })) end
