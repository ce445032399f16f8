--- torch.cuda: GPUs, their memory, streams, events and graphs.
--
-- Nothing here opens CUDA before it is needed: is_available, device_count and get_device_properties ask the driver alone.
-- Where there is no GPU these say so (false, 0), and everything else is an error that does.
local torch = require "torch"
local host = require "host.cuda"
local rng = require "host.rng"

local cuda = {}

--- Whether there is a GPU that this process could use.
-- @usage print(torch.cuda.is_available())
function cuda.is_available() return host.is_available() end

--- Number of GPUs.
-- @usage print(torch.cuda.device_count())
function cuda.device_count() return host.device_count() end

--- Whether this process uses CUDA already.
-- @usage print(torch.cuda.is_initialized())
function cuda.is_initialized() return host.is_open() end

--- Opens CUDA now rather than at its first use.
function cuda.init() host.open() end

--- The number of the current GPU; torch.cuda.set_device(device) makes another one current.
function cuda.current_device() return host.current_device() end
function cuda.set_device(device) host.set_device(device) end

-- A guard of PyTorch's `with` is a function here: torch.cuda.device(1)(f), or in one go torch.cuda.device(1, f, ...).
local function scoped(run)
  return function(what, f, ...)
    if f ~= nil then return run(what, f, ...) end
    return function(g, ...) return run(what, g, ...) end
  end
end

--- torch.cuda.device(device, f, ...): runs f(...) with that GPU current. Returns what f returns.
cuda.device = scoped(host.with_device)

--- torch.cuda.device_of(x, f, ...): runs f(...) with x's GPU current, or as it is where x is not on one.
function cuda.device_of(x, f, ...)
  if not x.is_cuda then return f(...) end
  return host.with_device(x.device, f, ...)
end

--- What a GPU is: name, major, minor, total_memory (bytes), multi_processor_count, warp_size, uuid, ...
function cuda.get_device_properties(device) return host.properties(device) end

--- The GPU's name, and its compute capability as two numbers.
function cuda.get_device_name(device) return host.properties(device).name end
function cuda.get_device_capability(device)
  local p = host.properties(device)
  return p.major, p.minor
end

--- Whether the GPU computes in bfloat16 itself (compute capability 8 and up).
function cuda.is_bf16_supported()
  return cuda.is_available() and host.properties().major >= 8
end

--- Waits until a GPU has done all work given to it; without a device the current one.
function cuda.synchronize(device) host.synchronize(device) end

--- Gives memory that no tensor uses back to the driver. No effect before CUDA is used.
-- @usage torch.cuda.empty_cache()
function cuda.empty_cache() host.empty_cache() end

--- The caching allocator's counts, by PyTorch's names: torch.cuda.memory_stats()["allocated_bytes.all.current"].
-- Empty before CUDA is used.
-- @usage torch.cuda.memory_stats()
function cuda.memory_stats(device)
  if not host.is_open() then return {} end
  return host.memory_stats(device)
end

--- Bytes in tensors now and at most, and bytes that the allocator took from the driver. 0 before CUDA is used.
-- @usage print(torch.cuda.memory_allocated())
function cuda.memory_allocated(device) return cuda.memory_stats(device)["allocated_bytes.all.current"] or 0 end
function cuda.max_memory_allocated(device) return cuda.memory_stats(device)["allocated_bytes.all.peak"] or 0 end
function cuda.memory_reserved(device) return cuda.memory_stats(device)["reserved_bytes.all.current"] or 0 end
function cuda.max_memory_reserved(device) return cuda.memory_stats(device)["reserved_bytes.all.peak"] or 0 end

--- Lets the peaks begin at what there is now.
function cuda.reset_peak_memory_stats(device) host.reset_peak_memory_stats(device) end
function cuda.reset_max_memory_allocated(device) host.reset_peak_memory_stats(device) end
function cuda.reset_accumulated_memory_stats(device) host.reset_accumulated_memory_stats(device) end

--- Free and total bytes of a GPU, as two numbers, whoever uses it.
function cuda.mem_get_info(device) return host.mem_get_info(device) end

--- A stream of its own: torch.cuda.Stream{device=, priority=0}; -1 runs before 0. s:synchronize(), s:query(),
-- s:wait_event(e), s:wait_stream(other), s:record_event(); s.device, s.cuda_stream.
function cuda.Stream(options)
  options = options or {}
  return host.stream(options.device, options.priority)
end

--- The stream that work goes to now, and the one that it goes to from the start.
function cuda.current_stream(device) return host.current_stream(device) end
function cuda.default_stream(device) return host.default_stream(device) end

--- torch.cuda.set_stream(s): work of this thread goes to s from now on.
function cuda.set_stream(s) host.set_stream(s) end

--- torch.cuda.stream(s, f, ...): runs f(...) with its work going to s. Returns what f returns. nil for s changes nothing.
cuda.stream = scoped(function(s, f, ...)
  if s == nil then return f(...) end
  return host.with_stream(s, f, ...)
end)

--- An event: torch.cuda.Event{enable_timing=false}. e:record(stream), e:wait(stream), e:query(), e:synchronize(), and with
-- timing a:elapsed_time(b) in milliseconds.
function cuda.Event(options) return host.event(options and options.enable_timing or false) end

--- A captured stretch of work: g:capture_begin(pool), g:capture_end(), g:replay(), g:reset(), g:pool().
function cuda.CUDAGraph() return host.graph() end

--- Names a pool of memory that several graphs share; graphs that share one are replayed in the order of their capture.
function cuda.graph_pool_handle() return host.graph_pool() end

--- torch.cuda.graph(g, f, {pool=, stream=, capture_error_mode="global"}): captures what f gives the GPU, on a stream of its
-- own, so that g:replay() does it again. f runs once and nothing is computed; it may not wait for the GPU (no item(), no
-- printing of tensors, no shapes that depend on values). Returns what f returns: the tensors that a replay fills.
function cuda.graph(g, f, options)
  options = options or {}
  host.synchronize()
  collectgarbage()
  host.empty_cache()
  local side = options.stream or host.stream()
  return host.with_stream(side, function()
    g:capture_begin(options.pool, options.capture_error_mode or "global")
    local results = { pcall(f) }
    local ended, why = pcall(g.capture_end, g)
    if not results[1] then
      if ended then g:reset() end
      error(results[2], 0)
    end
    if not ended then error(why, 0) end
    return unpack(results, 2, table.maxn(results))
  end)
end

--- torch.cuda.make_graphed_step(f, {inputs...}, {warmup=3}): a training step as one graph. f(inputs...) is run `warmup` times on a stream
-- of its own, then captured; the function that comes back copies its arguments into the captured inputs, replays, and
-- returns what f returned, filled anew: copy (x:clone()) what has to outlive the next step. Everything in f is captured:
-- forward, backward, the optimizer's step (its counts must be tensors on the GPU, capturable = true), zero_grad{set_to_none=false}.
function cuda.make_graphed_step(f, inputs, options)
  local warmup = options and options.warmup or 3
  local static = {}
  for i, x in ipairs(inputs) do
    if not x.is_cuda then error(("make_graphed_step: input %d is on %s; a graph reads its inputs from the GPU"):format(i, x.device), 2) end
    static[i] = x:detach():clone()
    if x.requires_grad then static[i].requires_grad = true end
  end
  local side = host.stream()
  side:wait_stream(host.current_stream())
  host.with_stream(side, function()
    for _ = 1, warmup do f(unpack(static)) end
  end)
  host.current_stream():wait_stream(side)
  local graph = host.graph()
  local results = { cuda.graph(graph, function() return f(unpack(static)) end, { stream = side }) }
  local count = #static
  return function(...)
    if select("#", ...) ~= count then error(("this step takes %d tensors, got %d"):format(count, select("#", ...)), 2) end
    for i = 1, count do
      local x = select(i, ...)
      if tostring(x.shape) ~= tostring(static[i].shape) or x.dtype ~= static[i].dtype then
        error(("this step was captured with %s%s for tensor %d, got %s%s"):format(static[i].dtype, tostring(static[i].shape), i, x.dtype, tostring(x.shape)), 2)
      end
      torch.no_grad(function() static[i]:copy_(x, { non_blocking = true }) end)
    end
    graph:replay()
    return unpack(results, 1, table.maxn(results))
  end
end

local modes = { default = 0, warn = 1, error = 2 }
--- torch.cuda.set_sync_debug_mode("warn"|"error"|"default"): what happens where the CPU waits for the GPU unasked.
function cuda.set_sync_debug_mode(mode)
  local code = type(mode) == "number" and mode or modes[mode]
  if not code then error(("set_sync_debug_mode: unknown mode '%s' (default, warn, error)"):format(tostring(mode)), 2) end
  host.set_sync_debug_mode(code)
end
--- 0 (default), 1 (warn) or 2 (error).
function cuda.get_sync_debug_mode() return host.sync_debug_mode() end

--- Restarts the generator of the current GPU, or of all, from a seed. What is opened later starts from it, too.
-- @usage torch.cuda.manual_seed_all(7)
function cuda.manual_seed(seed)
  if host.is_open() then rng.seed_device(seed, host.current_device()) elseif cuda.is_available() then rng.seed_device(seed) end
end
function cuda.manual_seed_all(seed) rng.seed_device(seed) end

--- Restarts the generator of the current GPU, or of all, from a random seed. cuda.seed returns it.
function cuda.seed()
  local seed = rng.random_seed()
  cuda.manual_seed(seed)
  return seed
end
function cuda.seed_all() cuda.manual_seed_all(rng.random_seed()) end

--- The seed of the current GPU's generator.
function cuda.initial_seed()
  host.open()
  return rng.initial_seed(rng.default_generator("cuda:" .. host.current_device()))
end

local function generator_of(device)
  host.open()
  if type(device) == "string" then device = tonumber(device:match "^cuda:(%d+)$") end
  return rng.default_generator("cuda:" .. (device or host.current_device()))
end

--- torch.cuda.get_rng_state(device), torch.cuda.set_rng_state(state, device): the state of a GPU's generator, a uint8 tensor.
function cuda.get_rng_state(device) return rng.state(generator_of(device)) end
function cuda.set_rng_state(state, device) rng.set_state(state, generator_of(device)) end

--- The states of all GPUs' generators, a list, and back.
function cuda.get_rng_state_all()
  local states = {}
  for i = 1, host.device_count() do states[i] = cuda.get_rng_state(i - 1) end
  return states
end
function cuda.set_rng_state_all(states)
  for i, state in ipairs(states) do cuda.set_rng_state(state, i - 1) end
end

local T = torch.Tensor
--- x:record_stream(s): x's memory is given to nobody else before the work that s has now is done. For tensors made on one
-- stream and used on another.
function T.record_stream(x, s)
  if not x.is_cuda then error("record_stream: this tensor is on " .. x.device .. ", only a tensor on a GPU can be used by its streams", 2) end
  return host.record_stream(x, s)
end

return cuda
