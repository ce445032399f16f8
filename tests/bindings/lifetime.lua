-- Who frees a tensor: the collector, free, a scope; what outlives it.
local t = require "test"

t.test("use after free is an error that says where it was freed", function()
  local x = torch.ones(3)
  x:free()
  local text = t.raises(function() return x + 1 end, "free")
  t.ok(text:find("lifetime.lua:", 1, true), text)
  t.raises(function() return x.shape end, "free")
  t.ok(type(tostring(x)) == "string")
end)

t.test("a scope frees what was made inside, and names itself afterwards", function()
  local kept
  local line = debug.getinfo(1, "l").currentline + 1
  scope(function()
    kept = torch.ones(3)
  end)
  local text = t.raises(function() return kept:sum() end, "scope")
  t.ok(text:find("lifetime.lua:" .. line, 1, true), text)
end)

t.test("what a scope returns, keeps or stores stays", function()
  local a, b, c
  local outside = torch.zeros(2)
  a, b = scope(function()
    c = keep(torch.full({ 2 }, 3))
    outside:add_(torch.ones(2))
    return torch.ones(2), { inner = torch.full({ 2 }, 2) }
  end)
  t.eq(a:totable(), { 1, 1 })
  t.eq(c:totable(), { 3, 3 })
  t.eq(outside:totable(), { 1, 1 })
  t.eq(b.inner:totable(), { 2, 2 })
end)

t.test("a gradient made inside a scope belongs to its leaf", function()
  local w = torch.ones(2, { requires_grad = true })
  scope(function() (w * 3):sum():backward() end)
  t.eq(w.grad:totable(), { 3, 3 })
end)

t.test("scopes nest, and an error inside frees too", function()
  local inner, outer
  local result = scope(function()
    outer = torch.ones(2)
    local passed = scope(function()
      inner = torch.ones(2)
      return inner * 2
    end)
    t.raises(function() return inner:sum() end, "scope")
    t.eq(outer:sum():item(), 2)
    return passed
  end)
  t.eq(result:totable(), { 2, 2 })
  local lost
  pcall(scope, function()
    lost = torch.ones(2)
    error "stop"
  end)
  t.raises(function() return lost:sum() end, "scope")
end)

t.test("a view outlives what it is a part of", function()
  local row = (function() return torch.arange(6):view(2, 3)[1] end)()
  collectgarbage()
  t.eq(row:totable(), { 3, 4, 5 })
end)

t.test("memory counts live bytes once for views, and goes back", function()
  collectgarbage()
  local before = memory().live
  local x = torch.zeros(1024, 256)
  local held = memory().live - before
  t.ok(held >= 2 ^ 20 and held < 1.1 * 2 ^ 20, held)
  local view = x:view(-1)
  t.ok(memory().live - before < 1.1 * 2 ^ 20, "a view is charged once")
  x:free()
  view:free()
  t.ok(memory().live - before < 2 ^ 19)
end)
