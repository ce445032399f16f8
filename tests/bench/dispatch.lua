-- What reaching an operator by its schema costs: moonlab's generic binding against functions bound by hand, against C++
-- alone and, where a Python with torch is given, against Python; all in one run, alternating.
--
--     moonlab tests/bench/dispatch.lua [/path/to/python]
--
-- Prints nanoseconds a call and ratios. A ratio under 1 means that moonlab is faster.

local bench = require "host.bench"
local system = require "host.system"

torch.set_num_threads(1) -- as the peer does
local python = arg and arg[1]
local sizes = { 2, 64, 512 }
local rounds = 9

local function tensors(n)
  local x, y = torch.rand(n, n), torch.rand(n, n)
  local w = torch.rand(n, n, { requires_grad = true })
  local b = torch.zeros(n, { requires_grad = true })
  return { x = x, y = y, w = w, b = b, n = n, n2 = n * n }
end

-- Each case: moonlab's way, by hand, and C++'s arguments. Functions run `calls` times, as a program's loop would.
local cases = {
  { "add", function(t, calls) local x, y = t.x, t.y for _ = 1, calls do x:add(y) end end,
    function(t, calls) local f, x, y = bench.add, t.x, t.y for _ = 1, calls do f(x, y) end end },
  { "mul", function(t, calls) local x, y = t.x, t.y for _ = 1, calls do x:mul(y) end end,
    function(t, calls) local f, x, y = bench.mul, t.x, t.y for _ = 1, calls do f(x, y) end end },
  { "matmul", function(t, calls) local x, y = t.x, t.y for _ = 1, calls do x:matmul(y) end end,
    function(t, calls) local f, x, y = bench.matmul, t.x, t.y for _ = 1, calls do f(x, y) end end },
  { "view", function(t, calls) local x, n2 = t.x, t.n2 for _ = 1, calls do x:view(n2) end end,
    function(t, calls) local f, x, n2 = bench.view, t.x, t.n2 for _ = 1, calls do f(x, n2) end end },
  { "slice", function(t, calls) local x = t.x for _ = 1, calls do local _ = x["0:1"] end end,
    function(t, calls) local f, x = bench.slice, t.x for _ = 1, calls do f(x, 0, 0, 1) end end },
  { "index", function(t, calls) local x = t.x for _ = 1, calls do local _ = x[0] end end,
    function(t, calls) local f, x = bench.index, t.x for _ = 1, calls do f(x, 0) end end },
  { "linear_relu_forward",
    function(t, calls)
      local x, w, b = t.x, t.w, t.b
      for _ = 1, calls do torch.linear(x, w, b):relu() end
    end,
    function(t, calls)
      local f, x, w, b = bench.linear_relu_forward, t.x, t.w, t.b
      for _ = 1, calls do f(x, w, b) end
    end },
  { "linear_relu_backward",
    function(t, calls)
      local x, w, b = t.x, t.w, t.b
      for _ = 1, calls do torch.linear(x, w, b):relu():sum():backward() end
    end,
    function(t, calls)
      local f, x, w, b = bench.linear_relu_backward, t.x, t.w, t.b
      for _ = 1, calls do f(x, w, b) end
    end },
}

local function seconds(fn, t, calls)
  local start = system.clock()
  fn(t, calls)
  return system.clock() - start
end

-- As many calls as fill about 20 ms.
local function calibrate(fn, t)
  local calls = 4
  while true do
    local spent = seconds(fn, t, calls)
    if spent > 0.005 then return math.max(1, math.ceil(calls * 0.02 / spent)) end
    calls = calls * 4
  end
end

local function measure(case, t)
  local name, generic, hand = case[1], case[2], case[3]
  local calls = calibrate(generic, t)
  local best = { generic = math.huge, hand = math.huge, cpp = math.huge }
  for _ = 1, rounds do
    best.generic = math.min(best.generic, seconds(generic, t, calls))
    best.hand = math.min(best.hand, seconds(hand, t, calls))
    local linear = name:find "^linear"
    best.cpp = math.min(best.cpp, bench.cpp(name, calls, t.x, linear and t.w or t.y, linear and t.b or nil))
  end
  for key, value in pairs(best) do best[key] = value / calls * 1e9 end
  return best
end

-- { ["add 2"] = nanoseconds, ... }: the least of two runs, one before and one after ours.
local function python_times(times)
  if not python then return times end
  local child = system.spawn { python, MOONLAB_ROOT .. "/tests/bench/peers/dispatch.py" }
  local code = child:wait(600)
  local output = child:read()
  if code ~= 0 then
    io.stderr:write("dispatch.py failed:\n", child:read_errors(), "\n")
    os.exit(1)
  end
  local blocks = output:match '"ns": {(.*)}' or error("dispatch.py printed no times:\n" .. output, 0)
  for name, by_size in blocks:gmatch '"([%a_]+)": (%b{})' do
    for size, value in by_size:gmatch '"(%d+)x%d+": ([%d.e+]+)' do
      local key = name .. " " .. size
      times[key] = math.min(times[key] or math.huge, tonumber(value))
    end
  end
  return times
end

local function ns(value)
  if not value then return "-" end
  return value < 1e5 and ("%.0f ns"):format(value) or ("%.0f us"):format(value / 1e3)
end

local function ratio(a, b) return b and ("%.2f"):format(a / b) or "-" end

local peer = python_times {}
local results = {}
for _, n in ipairs(sizes) do
  local t = tensors(n)
  for _, case in ipairs(cases) do results[#results + 1] = { case[1], n, measure(case, t) } end
end
python_times(peer)

print(("%-22s %5s %10s %10s %10s %10s   %6s %6s %6s"):format("", "size", "moonlab", "by hand", "C++", "Python", "/hand",
  "/C++", "/Python"))
for _, result in ipairs(results) do
  local name, n, best = unpack(result)
  local py = peer[name .. " " .. n]
  print(("%-22s %5d %10s %10s %10s %10s   %6s %6s %6s"):format(name, n, ns(best.generic), ns(best.hand), ns(best.cpp), ns(py),
    ratio(best.generic, best.hand), ratio(best.generic, best.cpp), ratio(best.generic, py)))
end
