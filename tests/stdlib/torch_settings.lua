-- Settings under PyTorch's names: deterministic algorithms, precision, backends, the default device, memory formats.
local t = require "test"

t.test("they begin where PyTorch's do", function()
  t.eq(torch.get_float32_matmul_precision(), "highest")
  t.eq(torch.backends.cudnn.enabled, true)
  t.eq(torch.backends.cudnn.benchmark, false)
  t.eq(torch.backends.cudnn.deterministic, false)
  t.eq(torch.backends.cudnn.allow_tf32, true)
  t.eq(torch.backends.cuda.matmul.allow_tf32, false)
  t.eq(torch.backends.mkldnn.enabled, true)
  t.eq(torch.backends.cuda.flash_sdp_enabled(), true)
  t.eq(torch.get_deterministic_debug_mode(), 0)
  t.eq(torch.utils.deterministic.fill_uninitialized_memory, true)
  t.eq(torch.get_default_device(), "cpu")
end)

t.test("a flag set is a flag read, and a wrong one names the nearest", function()
  torch.backends.cudnn.benchmark = true
  t.eq(torch.backends.cudnn.benchmark, true)
  torch.backends.cudnn.benchmark = false
  torch.backends.cuda.enable_flash_sdp(false)
  t.eq(torch.backends.cuda.flash_sdp_enabled(), false)
  torch.backends.cuda.enable_flash_sdp(true)
  t.raises(function() torch.backends.cudnn.benchmrk = true end, "did you mean 'benchmark'")
  t.raises(function() torch.backends.cudnn.benchmark = 1 end, "true or false")
end)

t.test("the precision of float32 products", function()
  torch.set_float32_matmul_precision "high"
  t.eq(torch.get_float32_matmul_precision(), "high")
  t.eq(torch.backends.cuda.matmul.allow_tf32, true)
  torch.set_float32_matmul_precision "highest"
  t.raises(function() torch.set_float32_matmul_precision "hihg" end, "did you mean 'high'")
end)

t.test("deterministic algorithms raise, warn, and fill what is uninitialised", function()
  local function nondeterministic()
    return torch.ops.aten.max_unpool2d(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1, { dtype = "int64" }), { 2, 2 })
  end
  torch.use_deterministic_algorithms(true)
  t.eq(torch.get_deterministic_debug_mode(), 2)
  t.raises(nondeterministic, "does not have a deterministic implementation")
  local empty = torch.empty(2)
  t.ok(empty[0]:item() ~= empty[0]:item(), "a float is NaN")
  t.eq(torch.empty(1, { dtype = "int32" }):item(), 2 ^ 31 - 1)
  torch.use_deterministic_algorithms(true, { warn_only = true })
  t.eq(torch.is_deterministic_algorithms_warn_only_enabled(), true)
  t.eq(torch.get_deterministic_debug_mode(), 1)
  torch.set_deterministic_debug_mode "default"
  t.eq(torch.are_deterministic_algorithms_enabled(), false)
  nondeterministic()
end)

t.test("threads of an operator", function()
  local before = torch.get_num_threads()
  torch.set_num_threads(1)
  t.eq(torch.get_num_threads(), 1)
  torch.set_num_threads(before)
  t.raises(function() torch.set_num_threads(0) end, "1 or more")
  t.ok(torch.get_num_interop_threads() >= 1)
end)

t.test("factories take the default device where nothing else is said", function()
  torch.set_default_device "meta"
  local x, y, z, kept = torch.zeros(2, 3), torch.ones({ 2 }, { dtype = "int64" }), torch.tensor({ 1, 2 }, { device = "cpu" }), torch.zeros_like(torch.ones(2, { device = "cpu" }))
  torch.set_default_device "cpu"
  t.eq({ x.device, y.device, y.dtype, z.device, kept.device }, { "meta", "meta", "int64", "cpu", "cpu" })
  t.eq(torch.zeros(2).device, "cpu")
  t.raises(function() torch.set_default_device "cudda" end, "cudda")
  t.eq(torch.get_default_device(), "cpu")
end)

t.test("channels_last: asked for, kept by layers, and by the gradient of a kernel", function()
  local x = torch.randn(2, 3, 8, 8)
  t.eq(x:contiguous("channels_last"):stride(), { 192, 1, 24, 3 })
  local y = x:to { memory_format = "channels_last" }
  t.eq(y:stride(), { 192, 1, 24, 3 })
  t.eq(y, x)
  t.eq({ y:is_contiguous(), y:is_contiguous { memory_format = "channels_last" }, y:contiguous():is_contiguous() }, { false, true, true })
  t.raises(function() return y:is_contiguous "channels_lst" end, "did you mean 'channels_last'")
  t.eq(torch.empty(2, 3, 4, 4, { memory_format = "channels_last" }):stride(), { 48, 1, 12, 3 })
  local net = nn.Sequential(nn.Conv2d(3, 4, 3, { padding = 1 }), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)):to { memory_format = "channels_last" }
  t.eq(net[0].weight:stride(), { 27, 1, 9, 3 })
  local out = net(y)
  t.eq(out:stride(), { 64, 1, 16, 4 })
  out:sum():backward()
  t.eq(net[0].weight.grad:stride(), { 27, 1, 9, 3 })
end)

t.test("nothing is pinned without CUDA, and asking for it says why", function()
  if torch.cuda.is_available() then t.skip "there is a GPU here" end
  t.eq(torch.ones(2):is_pinned(), false)
  t.raises(function() return torch.ones(2):pin_memory() end, "no NVIDIA GPU or driver here")
end)
