-- Anomaly mode: what fails in a backward names the line of its forward.
local t = require "test"

local function line() return debug.getinfo(2, "l").currentline end

t.test("a NaN names the node, the line that made it and what stands there", function()
  local x = torch.zeros(2, { requires_grad = true })
  local at
  local text = t.raises(function()
    torch.autograd.detect_anomaly(function()
      local y = (x * 2):sqrt() at = line()
      local z = y * 0
      z:sum():backward()
    end)
  end, "SqrtBackward0")
  t.ok(text:find("anomaly.lua:" .. at, 1, true), text)
  t.ok(text:find("local y = (x * 2):sqrt()", 1, true), text)
end)

t.test("so does any other error of a backward", function()
  local w = torch.ones(2, { requires_grad = true })
  local broken = torch.autograd.fn { forward = function(_, x) return x * 1 end, backward = function() error "boom" end }
  local at
  local text = t.raises(function()
    torch.autograd.detect_anomaly(function()
      local y = broken(w) at = line()
      y:sum():backward()
    end)
  end, "boom")
  t.ok(text:find("anomaly.lua:" .. at, 1, true), text)
end)

t.test("check_nan = false leaves NaN alone", function()
  local x = torch.zeros(1, { requires_grad = true })
  torch.autograd.set_detect_anomaly(true, { check_nan = false })
  local done, why = pcall(function() (x:sqrt() * 0):sum():backward() end)
  torch.autograd.set_detect_anomaly(false)
  t.ok(done, why)
  t.ok(x.grad:isnan():all():item())
end)

t.test("it ends with the function, also with an error, and costs nothing afterwards", function()
  t.raises(function() torch.autograd.detect_anomaly(function() error "stop" end) end, "stop")
  t.eq(torch.is_anomaly_enabled(), false)
  local x = torch.zeros(1, { requires_grad = true });
  (x:sqrt() * 0):sum():backward()
  t.ok(x.grad:isnan():all():item())
end)
