--- torch.signal.windows: window functions of M points. With sym = false the window is periodic, for spectra.
-- @usage print(torch.signal.windows.hann(8, { sym = false }))
local torch = require "torch"
local signature = require "torch.signature"

local windows = {}
local keywords = "sym=true, dtype=nil, layout=nil, device=nil, requires_grad=false"

-- Declares windows.NAME(M, *, own keywords, sym, ...): body(M, sym, line, own...) computes on line(start, end), M points
-- at equal distances; `single` says that one point is 1.
local function window(name, own, single, body)
  local count = select(2, own:gsub("=", ""))
  windows[name] = signature(("%s(M, *, %s%s)"):format(name, own ~= "" and own .. ", " or "", keywords), function(M, ...)
    if M < 0 then error(("%s: M must be 0 or more, got %d"):format(name, M), 3) end
    local values = { ... }
    local sym, dtype, device, requires_grad = values[count + 1], values[count + 2], values[count + 4], values[count + 5]
    dtype = dtype or torch.get_default_dtype()
    if not ({ float32 = 1, float64 = 1, float = 1, double = 1, f32 = 1, f64 = 1 })[dtype] then
      error(("%s: the dtype must be float32 or float64, got %s"):format(name, tostring(dtype)), 3)
    end
    local options = { dtype = dtype, device = device }
    local out
    if M == 0 then out = torch.empty({ 0 }, options)
    elseif M == 1 and single then out = torch.ones({ 1 }, options)
    else out = body(M, sym, function(first, last) return torch.linspace(first, last, M, options) end, unpack(values, 1, count)) end
    if requires_grad then out.requires_grad = true end
    return out
  end)
end

-- Steps of a period: M - 1 of them span a symmetric window.
local function steps(M, sym) return sym and M - 1 or M end

local function positive(value, what, name, zero)
  if not (value > 0 or zero and value == 0) then error(("%s: %s must be positive, got %g"):format(name, what, value), 0) end
end

-- The sum of (-1)^i a[i] cos(i k) over one period.
local function cosines(M, sym, line, a)
  local k = line(0, (M - 1) * 2 * math.pi / steps(M, sym))
  local sum = torch.full_like(k, a[1])
  for i = 2, #a do sum = sum + (k * (i - 1)):cos() * ((i % 2 == 0 and -1 or 1) * a[i]) end
  return sum
end

window("general_cosine", "a=nil", true, function(M, sym, line, a)
  if type(a) ~= "table" or #a == 0 then error("general_cosine: a must be a list of coefficients", 0) end
  return cosines(M, sym, line, a)
end)
window("general_hamming", "alpha=0.54", true, function(M, sym, line, alpha) return cosines(M, sym, line, { alpha, 1 - alpha }) end)
local coefficients = {
  hamming = { 0.54, 0.46 }, hann = { 0.5, 0.5 }, blackman = { 0.42, 0.5, 0.08 }, nuttall = { 0.3635819, 0.4891775, 0.1365995, 0.0106411 },
}
for name, a in pairs(coefficients) do window(name, "", true, function(M, sym, line) return cosines(M, sym, line, a) end) end

window("bartlett", "", true, function(M, sym, line)
  return -line(-1, -1 + (M - 1) * 2 / steps(M, sym)):abs() + 1
end)
window("cosine", "", false, function(M, sym, line)
  local step = math.pi / ((not sym and M > 1) and M + 1 or M)
  return line(0.5 * step, (0.5 + M - 1) * step):sin()
end)
window("exponential", "center=nil, tau=1.0", false, function(M, sym, line, center, tau)
  positive(tau, "tau", "exponential")
  if sym and center then error("exponential: center goes with sym = false; a symmetric window has its centre in the middle", 0) end
  center = center or ((not sym and M > 1) and M or M - 1) / 2
  return (-line(-center / tau, (-center + M - 1) / tau):abs()):exp()
end)
window("gaussian", "std=1.0", false, function(M, sym, line, std)
  positive(std, "std", "gaussian")
  local first, scale = -((not sym and M > 1) and M or M - 1) / 2, 1 / (std * math.sqrt(2))
  return (-line(first * scale, (first + M - 1) * scale):square()):exp()
end)
window("kaiser", "beta=12.0", true, function(M, sym, line, beta)
  positive(beta, "beta", "kaiser", true)
  local k = line(-beta, math.min(beta, -beta + (M - 1) * 2 * beta / steps(M, sym)))
  return (-k:square() + beta * beta):sqrt():i0() / torch.i0(torch.full_like(k, beta))
end)

return { windows = windows }
