-- torch.masked and torch.signal.windows.
local t = require "test"

t.test("masked reductions leave elements out, in value and gradient", function()
  local x = torch.tensor({ { 1, 2, 9 }, { 4, 8, 6 } }, { dtype = "float64", requires_grad = true })
  local mask = torch.tensor { { true, true, false }, { true, false, true } }
  local m = torch.masked
  t.eq(m.sum(x, 1, { mask = mask }):totable(), { 3, 10 })
  t.eq(m.prod(x, { mask = mask }):item(), 48)
  t.eq(m.mean(x, 1, { mask = mask }):totable(), { 1.5, 5 })
  t.eq(m.amax(x, 1, { mask = mask, keepdim = true }):totable(), { { 2 }, { 6 } })
  t.eq(m.argmin(-x, 1, { mask = mask }):totable(), { 1, 2 })
  t.eq(m.var(x, 1, { mask = mask }):totable(), { 0.5, 2 })
  t.eq(m.var(x, 1, { mask = mask, correction = 0 }):totable(), { 0.25, 1 })
  t.eq(m.median(x, 1, { mask = mask }):totable(), { 1, 4 })
  t.eq(m.cumsum(x, 1, { mask = mask }):totable(), { { 1, 3, 3 }, { 4, 4, 10 } })
  t.near(m.norm(x, 2, 1, { mask = mask })[1]:item(), math.sqrt(52))
  t.near(m.softmax(x, 1, { mask = mask })["0, 2"]:item(), 0)
  m.sum(x, { mask = mask }):backward()
  t.eq(x.grad:totable(), { { 1, 1, 0 }, { 1, 0, 1 } })
  t.eq(m.amin(torch.tensor({ 5, 3 }, { dtype = "int64" }), { mask = torch.tensor { true, false } }):item(), 5)
  t.raises(function() m.sum(x, { dim = 2 }) end, "dim must lie in [-2, 1], got 2")
  t.raises(function() m.sum(x, { msk = mask }) end, "did you mean 'mask'")
end)

t.test("windows by their formulas; periodic ones are one point longer, cut", function()
  local w = torch.signal.windows
  for _, name in ipairs { "hann", "hamming", "blackman", "nuttall", "bartlett", "kaiser", "gaussian" } do
    local long, cut = w[name](9), w[name](8, { sym = false })
    t.ok(torch.allclose(long["0:8"], cut, 1e-4, 1e-5), name)
    t.ok(torch.allclose(long, long:flip(0), 1e-4, 1e-5), name)
    t.near(long[4]:item(), 1, 1e-5)
  end
  t.eq(w.bartlett(5):totable(), { 0, 0.5, 1, 0.5, 0 })
  t.near(w.cosine(2, { dtype = "float64" })[0]:item(), math.sin(math.pi / 4))
  t.near(w.exponential(3, { tau = 2, dtype = "float64" })[0]:item(), math.exp(-0.5))
  t.near(w.general_cosine(5, { a = { 0.5, 0.5 }, dtype = "float64" })[1]:item(), 0.5)
  t.eq({ w.hann(0).shape, w.hann(1):totable(), w.hann(3, { requires_grad = true }).requires_grad }, { { 0 }, { 1 }, true })
  t.raises(function() w.gaussian(3, { std = 0 }) end, "std must be positive")
end)

t.test("settings: default dtype, threads, deterministic algorithms", function()
  t.raises(function() torch.set_default_dtype "int64" end, "must be a floating one, got 'int64'")
  torch.set_default_dtype "float64"
  local made = { torch.zeros(2).dtype, torch.tensor({ 0.1 }).dtype, torch.full({ 1 }, 2).dtype, torch.tensor({ true }).dtype, torch.randn(1).dtype }
  local exact = torch.tensor({ 0.1 }):item()
  torch.set_default_dtype "float32"
  t.eq(made, { "float64", "float64", "float64", "bool", "float64" })
  t.eq(exact, 0.1)
  t.eq(torch.zeros(2).dtype, "float32")
  local threads = torch.get_num_threads()
  torch.set_num_threads(1)
  t.eq(torch.get_num_threads(), 1)
  torch.set_num_threads(threads)
  t.raises(function() torch.set_num_threads(0) end, "must be 1 or more, got 0")
  torch.use_deterministic_algorithms(true)
  t.eq(torch.are_deterministic_algorithms_enabled(), true)
  torch.use_deterministic_algorithms(false)
  t.eq(torch.are_deterministic_algorithms_enabled(), false)
end)
