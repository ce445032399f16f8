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
    if not options.dtype and x.dtype == "float32" and default ~= "float32" then x = host.from_table(data, default, options.device) end
  end
  if options.requires_grad then x.requires_grad = true end
  return x
end

-- A factory whose requires_grad keyword ATen does not know: a function of `holder`, torch or the methods of tensors.
local function with_grad(name, holder)
  local bare = holder[name] or require "host.operators".find(name, true)
  holder[name] = function(...)
    local n = select("#", ...)
    local last = select(n, ...)
    if n > 0 and type(last) == "table" and last.requires_grad ~= nil then
      local options, args = {}, { ... }
      for k, v in pairs(last) do if k ~= "requires_grad" then options[k] = v end end
      args[n] = next(options) ~= nil and options or nil
      local x = bare(unpack(args, 1, next(options) ~= nil and n or n - 1))
      x.requires_grad = last.requires_grad
      return x
    end
    return bare(...)
  end
end
local factories = [[zeros ones rand randn randint randperm empty eye linspace logspace arange range scalar_tensor empty_strided empty_permuted
  zeros_like ones_like rand_like randn_like randint_like empty_like bartlett_window blackman_window hamming_window hann_window
  kaiser_window fft_fftfreq fft_rfftfreq]]
for name in factories:gmatch "%S+" do with_grad(name, torch) end
for _, name in ipairs { "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided" } do with_grad(name, torch.Tensor) end

local full = torch.full
--- torch.full(size, value, {dtype=...}): float32 unless dtype says otherwise, also for an integral value.
-- @usage torch.full({ 2, 3 }, 1)
function torch.full(size, value, options)
  local o = {}
  for k, v in pairs(options or {}) do o[k] = v end
  if not o.dtype and not o.out and type(value) == "number" then o.dtype = torch.get_default_dtype() end
  local requires_grad = o.requires_grad
  o.requires_grad = nil
  local x = full(size, value, next(o) and o or nil)
  if requires_grad then x.requires_grad = true end
  return x
end
with_grad("full_like", torch)

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
