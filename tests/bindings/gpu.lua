-- Label gpu: what needs a GPU (`./moonlab test gpu` runs these files alone). Elsewhere the whole file is skipped.
local t = require "test"
if not torch.cuda.is_available() then t.skip "gpu: there is no GPU here that LibTorch can use" end

local MB = 2 ^ 20

t.test("nothing of CUDA is open before it is named, a backward on the CPU or not", function()
  local x = torch.ones(2, { requires_grad = true });
  (x * 2):sum():backward()
  t.eq(torch.cuda.is_initialized(), false)
  t.eq(torch.cuda.memory_allocated(), 0)
  t.ok(torch.cuda.get_device_properties(0).total_memory > 0)
  t.eq(torch.cuda.is_initialized(), false)
end)

t.test("tensors move there and back, and operators run there", function()
  local x = torch.randn(64, 64)
  local y = x:cuda()
  t.eq({ y.device, y.is_cuda, torch.cuda.is_initialized() }, { "cuda:0", true, true })
  t.eq(y:cpu(), x)
  t.near(y:mm(y):cpu(), x:mm(x), 1e-2)
  t.eq(torch.zeros(2, { device = "cuda" }).device, "cuda:0")
  t.raises(function() return y + x end, "device")
  t.raises(function() return torch.zeros(1, { device = "cuda:99" }) end, "counted from 0")
end)

t.test("gradients on the GPU are the CPU's, on the calling thread", function()
  local w = torch.randn(32, 32, { dtype = "float64" })
  local function gradient(device)
    local x = w:to(device):detach()
    x.requires_grad = true
    local seen
    x:register_hook(function(g) seen = g.device end)
    x:mm(x):tanh():sum():backward()
    return x.grad:cpu(), seen
  end
  local cpu, gpu = gradient "cpu", nil
  local seen
  gpu, seen = gradient "cuda"
  t.near(gpu, cpu, 1e-9)
  t.eq(seen, "cuda:0")
end)

t.test("devices: name, capability, current, set", function()
  t.ok(#torch.cuda.get_device_name() > 0)
  local major, minor = torch.cuda.get_device_capability()
  t.ok(major >= 5 and minor >= 0)
  t.eq(torch.cuda.current_device(), 0)
  torch.cuda.set_device(0)
  t.eq(torch.cuda.device(0, function(a) return a + torch.cuda.current_device() end, 5), 5)
  t.raises(function() torch.cuda.device(0)(function() error "inside" end) end, "inside")
  t.eq(torch.cuda.current_device(), 0)
end)

t.test("memory is counted, its peak kept, its cache emptied", function()
  collectgarbage()
  torch.cuda.reset_peak_memory_stats()
  local before = torch.cuda.memory_allocated()
  local x = torch.empty(4 * MB, { device = "cuda" })
  t.eq(torch.cuda.memory_allocated() - before, 16 * MB)
  t.ok(memory().device_tensors >= 16 * MB)
  x:free()
  t.eq(torch.cuda.memory_allocated(), before)
  t.ok(torch.cuda.max_memory_allocated() >= before + 16 * MB)
  t.ok(torch.cuda.memory_reserved() >= torch.cuda.memory_allocated())
  torch.cuda.empty_cache()
  local free, total = torch.cuda.mem_get_info()
  t.ok(free > 0 and free <= total)
  t.eq(total > 0, torch.cuda.memory_stats()["reserved_bytes.all.peak"] > 0)
end)

t.test("the governor bounds garbage on the GPU", function()
  collectgarbage()
  torch.cuda.reset_peak_memory_stats()
  for _ = 1, 400 do
    local a = torch.ones(2 * MB, { device = "cuda" })
    local _ = a * 2 + a
  end
  local peak = torch.cuda.max_memory_allocated()
  t.ok(peak < 1500 * MB, ("%g MB of 9600"):format(peak / MB))
end)

t.test("full memory: garbage makes room, and without any the holders are named", function()
  collectgarbage()
  torch.cuda.empty_cache()
  local free = torch.cuda.mem_get_info()
  local third = math.floor(free * 0.4 / 4)
  collectgarbage "stop"
  do
    local a, b = torch.empty(third, { device = "cuda" }), torch.empty(third, { device = "cuda" })
    a, b = nil, nil
  end
  local c = torch.empty(third, { device = "cuda" })
  collectgarbage "restart"
  t.eq(c:numel(), third)
  local text = t.raises(function()
    local d = torch.empty(third, { device = "cuda" })
    return { d, torch.empty(third, { device = "cuda" }) }
  end, "out of memory")
  t.ok(text:find("on cuda made at", 1, true), text)
  c:free()
  torch.cuda.empty_cache()
  t.eq(torch.ones(2, { device = "cuda" }):sum():item(), 2)
end)

t.test("streams: work on one, another waits for it", function()
  local x = torch.randn(1024, 1024, { device = "cuda" })
  local side = torch.cuda.Stream { priority = -1 }
  t.ok(side ~= torch.cuda.current_stream(), "a stream of its own")
  t.eq(torch.cuda.current_stream(), torch.cuda.default_stream())
  side:wait_stream(torch.cuda.current_stream())
  local y = torch.cuda.stream(side, function()
    t.eq(torch.cuda.current_stream(), side)
    return x:mm(x)
  end)
  t.eq(torch.cuda.current_stream(), torch.cuda.default_stream())
  torch.cuda.current_stream():wait_stream(side)
  y:record_stream(torch.cuda.current_stream())
  t.near((y - x:mm(x)):abs():max():item(), 0, 1e-3)
  side:synchronize()
  t.ok(side:query())
  t.raises(function() torch.cuda.stream(side, function() error "inside" end) end, "inside")
  t.eq(torch.cuda.current_stream(), torch.cuda.default_stream())
  torch.cuda.set_stream(side)
  t.eq(torch.cuda.current_stream(), side)
  torch.cuda.set_stream(torch.cuda.default_stream())
  t.ok(side.cuda_stream ~= 0)
  t.eq(side.device, "cuda:0")
end)

t.test("events: order, waiting, time", function()
  local x = torch.randn(2048, 2048, { device = "cuda" })
  local a, b = torch.cuda.Event { enable_timing = true }, torch.cuda.Event { enable_timing = true }
  a:record()
  for _ = 1, 5 do x = x:mm(x):tanh() end
  b:record()
  b:synchronize()
  t.ok(a:query() and b:query())
  t.ok(a:elapsed_time(b) > 0)
  local plain = torch.cuda.current_stream():record_event()
  plain:wait(torch.cuda.Stream())
  plain:synchronize()
  t.ok(plain:query())
  t.raises(function() return plain:elapsed_time(b) end)
end)

t.test("pinned memory and copies that do not wait", function()
  local x = torch.randn(1000):pin_memory()
  t.ok(x:is_pinned())
  t.eq(torch.randn(3):is_pinned(), false)
  local y = x:to("cuda", { non_blocking = true })
  t.eq(y:cpu(), x)
  t.ok(torch.empty(4, { pin_memory = true }):is_pinned())
end)

t.test("generators of the GPU: seeds, states, forks", function()
  torch.manual_seed(3)
  local a = torch.randn(5, { device = "cuda" }):cpu()
  torch.cuda.manual_seed_all(3)
  t.eq(torch.randn(5, { device = "cuda" }):cpu(), a)
  t.eq(torch.cuda.initial_seed(), 3)
  local state = torch.cuda.get_rng_state()
  local b = torch.randn(5, { device = "cuda" }):cpu()
  torch.cuda.set_rng_state(state)
  t.eq(torch.random.fork_rng(function() return torch.randn(5, { device = "cuda" }):cpu() end), b)
  t.eq(torch.randn(5, { device = "cuda" }):cpu(), b)
  local g = torch.Generator("cuda"):manual_seed(3)
  t.eq(torch.randn(5, { device = "cuda", generator = g }):cpu(), a)
  t.eq(g.device, "cuda:0")
  t.eq(#torch.cuda.get_rng_state_all(), torch.cuda.device_count())
end)

t.test("a graph replays what was captured", function()
  local x = torch.randn(64, 64, { device = "cuda" })
  local function work() return (x:mm(x) + 1):relu() end
  for _ = 1, 3 do work() end
  local g = torch.cuda.CUDAGraph()
  local out = torch.cuda.graph(g, work)
  x:copy_(torch.randn(64, 64))
  g:replay()
  t.near(out:cpu(), work():cpu(), 1e-4)
  t.eq(#g:pool(), 2)
  t.raises(function() torch.cuda.CUDAGraph():replay() end, "nothing was captured")
end)

t.test("a capture that waits for the GPU is an error, in a process of its own", function()
  local result = require "tests.program".run { "-e", [[
    local x = torch.ones(2, { device = "cuda" })
    print(pcall(torch.cuda.graph, torch.cuda.CUDAGraph(), function() return x:sum():item() end))]] }
  t.ok(result.out:find "^false", result.out .. result.err)
end)

t.test("a whole training step as a graph equals the steps one by one", function()
  local function run(graphed)
    torch.manual_seed(0)
    local w = torch.randn(16, 4, { device = "cuda" })
    w.requires_grad = true
    w.grad = torch.zeros_like(w)
    local data = torch.randn(20, 8, 16, { device = "cuda" })
    local goal = torch.randn(20, 8, 4, { device = "cuda" })
    local function step(x, y)
      w.grad:zero_()
      local loss = (x:mm(w) - y):square():mean()
      loss:backward()
      torch.no_grad(function() w:sub_(w.grad * 0.1) end)
      return loss
    end
    local start = w:detach():clone()
    if graphed then
      step = torch.cuda.make_graphed_step(step, { data[0], goal[0] })
      torch.no_grad(function() w:copy_(start) end) -- the warm-up has trained
    end
    local last
    for i = 0, 19 do last = step(data[i], goal[i]) end
    return w:detach():cpu(), last:item()
  end
  local a, loss_a = run(false)
  local b, loss_b = run(true)
  t.near(b, a, 1e-5)
  t.near(loss_b, loss_a, 1e-5)
end)

t.test("autocast computes in fp16, gradients arrive in float32", function()
  local w = torch.randn(32, 32, { device = "cuda" })
  w.requires_grad = true
  local y = torch.autocast("cuda", { dtype = "float16" }, function() return w:mm(w) end)
  t.eq(y.dtype, "float16")
  y:float():sum():backward()
  t.eq(w.grad.dtype, "float32")
end)

t.test("what waits for the GPU unasked can be made an error", function()
  local x = torch.ones(3, { device = "cuda" })
  torch.cuda.set_sync_debug_mode "error"
  t.eq(torch.cuda.get_sync_debug_mode(), 2)
  local done, why = pcall(function() return x:sum():item() end)
  local quiet, problem = pcall(function() return (x * 2):sum() end)
  torch.cuda.set_sync_debug_mode "default"
  t.ok(not done and tostring(why):find "synchroniz", tostring(why))
  t.ok(quiet, problem)
end)

t.test("profiles have times of the GPU", function()
  local x = torch.randn(512, 512, { device = "cuda" })
  local p = torch.profiler.profile()(function()
    local y = x:mm(x)
    return y
  end)
  local found
  for _, row in ipairs(p:operators()) do if row.name == "mm" then found = row end end
  t.ok(found.device_total > 0)
  t.ok(found.allocated >= 512 * 512 * 4, found.allocated)
end)

t.test("a step of REINFORCE over paths never waits for the GPU", function()
  local host, graphs = require "host.label", require "host.graph"
  local graph = graphs.build {
    root = "animal",
    edges = { { "animal", "cat" }, { "animal", "dog" }, { "cat", "short" }, { "cat", "solid" }, { "cat", "tabby" },
              { "short", "british" }, { "solid", "british" }, { "tabby", "british" }, { "short", "mau" }, { "tabby", "mau" } },
    blocks = { cat = "species", dog = "species", solid = "colour", tabby = "colour", british = "breed", mau = "breed" },
    labels = { "cat", "dog", "british", "mau" },
  }
  local decoder = host.path_decoder(graph, { features = 4, hidden = 6, embed = 3 }):to "cuda"
  local x = torch.randn(3, 4):cuda()
  local labels = torch.tensor({ graph:token "mau", graph:token "british", graph:token "mau" }, { dtype = "int64" })
  local generator = torch.Generator "cuda"
  local function step() decoder:reinforce(x, labels, { generator = generator }):backward() end
  step() -- the first makes tables
  torch.cuda.synchronize()
  torch.cuda.set_sync_debug_mode "error"
  local done, why = pcall(step)
  torch.cuda.set_sync_debug_mode "default"
  t.ok(done, why)
end)
