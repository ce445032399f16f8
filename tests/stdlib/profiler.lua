-- The profiler: rows of operators and lines, backward at the line of its forward, memory, traces, errors.
local t = require "test"

local function line() return debug.getinfo(2, "l").currentline end
local function row(list, key, value)
  for _, r in ipairs(list) do if r[key] == value then return r end end
  t.fail(("no row with %s = %s"):format(key, value))
end

t.test("operators are counted, with those inside them and what they allocate", function()
  local a, b = torch.randn(64, 32), torch.randn(32, 16)
  local p = torch.profiler.profile()(function()
    for _ = 1, 3 do local _ = a:mm(b):relu() end
  end)
  local mm, relu = row(p:operators(), "name", "mm"), row(p:operators(), "name", "relu")
  t.eq(mm.calls, 3)
  t.eq(mm.allocated, 3 * 64 * 16 * 4)
  t.eq(relu.calls, 3)
  t.ok(relu.total > relu.self and relu.self > 0, "relu calls clamp_min")
  local inner = row(p:operators(), "name", "clamp_min")
  t.near(relu.total, relu.self + inner.total, 1e-9)
  local sum = 0
  for _, r in ipairs(p.rows) do sum = sum + r.self end
  t.ok(sum > 0 and sum <= p.wall, ("%g s of operators in %g s"):format(sum, p.wall))
  t.ok(p.peak >= 64 * 16 * 4 and p.peak < 20 * 64 * 16 * 4, p.peak)
end)

t.test("a backward is counted at the line whose operator made it", function()
  local w = torch.randn(16, 16, { requires_grad = true })
  local product, exponential, pass
  local p = torch.profiler.profile()(function()
    local y = w:mm(w) product = line()
    local z = y:exp():sum() exponential = line()
    z:backward() pass = line()
  end)
  local function of(number)
    for _, r in ipairs(p:lines()) do if r.line:match ":(%d+)$" == tostring(number) then return r end end
    t.fail("no line " .. number)
  end
  t.ok(of(product).forward_time > 0 and of(product).backward_time > 0)
  t.ok(of(exponential).backward_time > 0)
  for _, r in ipairs(p.rows) do
    if r.name == "MmBackward0" then t.eq(tonumber(r.line:match "%d+$"), product) end
    if r.name == "ExpBackward0" then t.eq(tonumber(r.line:match "%d+$"), exponential) end
    if r.name == "torch::autograd::AccumulateGrad" then t.eq(tonumber(r.line:match "%d+$"), pass) end
  end
  t.ok(row(p:operators(), "name", "MmBackward0").backward)
end)

t.test("rows apart by shapes, where asked", function()
  local p = torch.profiler.profile { record_shapes = true } (function() return torch.ones(2, 3):mm(torch.ones(3, 4)) end)
  t.eq(row(p:operators { shapes = true }, "name", "mm").shapes, "[2, 3], [3, 4]")
  t.eq(p.results[1].shape, { 2, 4 })
end)

t.test("a part of a script by its name", function()
  local p = torch.profiler.profile()(function()
    return torch.profiler.record_function("augment", function(x) return x * 2 end, torch.ones(2))
  end)
  t.eq(p.results[1], { 2, 2 })
  local augment = row(p:operators(), "name", "augment")
  t.ok(augment.total >= row(p:operators(), "name", "mul").total)
  t.eq(torch.profiler.record_function("alone", function() return 7 end), 7)
end)

t.test("the tables fit 80 columns", function()
  local w = torch.randn(200, 200, { requires_grad = true })
  local p = torch.profiler.profile { shapes = true } (function() (w:mm(w):log_softmax(1) * 2):sum():backward() end)
  for _, text in ipairs { p:table(), p:table { shapes = true, limit = 100, sort = "allocated" }, p:line_table() } do
    for one in text:gmatch "[^\n]+" do t.ok(#one <= 80, one) end
  end
  t.ok(p:table { limit = 2 }:find "more", "what is left out is said")
  t.raises(function() p:table { sort = "tottal" } end, "did you mean 'total'")
end)

t.test("a trace holds every call with its line, as JSON", function()
  local path = os.tmpname()
  local p = torch.profiler.profile()(function()
    local x = torch.ones(3):sin()
    return x
  end)
  p:export_chrome_trace(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  os.remove(path)
  t.ok(text:find('"name": "sin"', 1, true) and text:find("profiler.lua:", 1, true), text)
  local _, count = text:gsub('"ph": "X"', "")
  t.eq(count, p.calls)
  t.raises(function() p:export_chrome_trace("/nonexistent/trace.json") end, "cannot write")
end)

t.test("an error passes through, and the next profile is as good as the first", function()
  t.raises(function() torch.profiler.profile()(function() torch.ones(2):mm(torch.ones(2)) end) end, "mm")
  t.raises(function()
    torch.profiler.profile()(function() torch.profiler.profile()(function() end) end)
  end, "recorded already")
  t.eq(row(torch.profiler.profile()(function() return torch.ones(2):cos() end):operators(), "name", "cos").calls, 1)
end)

t.test("prof prints both tables and returns the profile", function()
  local printed, real = {}, print
  _G.print = function(text) printed[#printed + 1] = tostring(text) end
  local done, p = pcall(prof, function() return torch.ones(2):cos() end)
  _G.print = real
  t.ok(done, p)
  t.ok(table.concat(printed, "\n"):find "cos", "the operator stands in the table")
  t.eq(p.results[1].shape, { 2 })
  t.ok(tostring(p):find "in all")
end)
