-- Where memory ends: the retry after a collection, the error that names who holds most, what the governor sees of graphs.
local t = require "test"
local host = require "host.tensor"
local program = require "tests.program"

local MB = 2 ^ 20

-- Runs f with at most so many bytes more in tensors than there are now.
local function with_room(bytes, f)
  collectgarbage()
  collectgarbage()
  host.set_cpu_limit(memory().tensors + bytes)
  local results = { pcall(f) }
  host.set_cpu_limit(0)
  if not results[1] then error(results[2], 0) end
  return results[2]
end

t.test("a size that no machine has is an error, and the next operator works", function()
  local text = t.raises(function() return torch.empty(1e15) end, "out of memory: no room for a tensor of 4000000000000000 bytes")
  t.ok(text:find("empty", 1, true), text)
  t.eq(torch.ones(2):sum():item(), 2)
end)

t.test("garbage makes room: the operator runs again after a collection", function()
  local sum = with_room(12 * MB, function()
    collectgarbage "stop"
    for _ = 1, 10 do local _ = torch.ones(MB) end -- 4 MB each, never collected by Lua itself
    collectgarbage "restart"
    return torch.full({ MB }, 2):sum():item()
  end)
  t.eq(sum, 2 * MB)
end)

t.test("without garbage the error names the largest holders and where they were made", function()
  local text = t.raises(function()
    with_room(24 * MB, function()
      local held = torch.ones(2 * MB)
      local more = torch.ones(2 * MB)
      return held + more
    end)
  end, "out of memory")
  t.ok(text:find("8.0 MB on cpu made at", 1, true), text)
  t.ok(text:find("out_of_memory.lua:" .. debug.getinfo(1, "l").currentline - 6, 1, true), text)
end)

t.test("an operator that writes into a tensor is not run twice", function()
  local held = torch.zeros(2 * MB)
  t.raises(function()
    with_room(4 * MB, function()
      held:add_(1)
      return held:add_(torch.ones(2 * MB) * 2) -- the product has no room
    end)
  end, "out of memory")
  t.eq(held[0]:item(), 1)
end)

t.test("memory tells of all tensors, of peaks and of the largest with its line", function()
  collectgarbage()
  host.reset_memory_peak()
  local before = memory().tensors
  local x = torch.zeros(3 * MB)
  local line = debug.getinfo(1, "l").currentline - 1
  local now = memory()
  t.ok(now.tensors - before >= 12 * MB and now.tensors - before < 14 * MB, now.tensors - before)
  t.ok(now.largest[1].made_at:find("out_of_memory.lua:" .. line, 1, true), now.largest[1].made_at)
  t.eq(now.largest[1].bytes, 12 * MB)
  x:free()
  t.ok(memory().tensors - before < MB)
  t.ok(memory().tensors_peak - before >= 12 * MB)
end)

t.test("a loop whose garbage is a number each, with a graph of 16 MB behind it, stays small", function()
  local result = program.run { "-e", [[
    local w = torch.ones(1024, 1024, { requires_grad = true })
    local f = nn.Sequential(nn.Tanh(), nn.Sigmoid(), nn.Tanh(), nn.Sigmoid())
    for _ = 1, 200 do local loss = f(w):sum() end
    print(memory().tensors_peak / 2 ^ 20)]] }
  t.eq(result.err, "")
  local peak = tonumber(result.out)
  t.ok(peak and peak < 600, ("%s MB at most; every step leaves 16 MB or more"):format(result.out))
end)
