-- Gradients: backward, grad, modes, hooks, custom functions, finite differences.
local t = require "test"

local function leaf(values) return torch.tensor(values, { dtype = "float64", requires_grad = true }) end

t.test("backward adds to the leaves", function()
  local x = leaf { 1, 2, 3 }
  ;(x * x):sum():backward()
  t.eq(x.grad:totable(), { 2, 4, 6 })
  ;(x * x):sum():backward()
  t.eq(x.grad:totable(), { 4, 8, 12 })
  x.grad = nil
  t.eq(x.grad, nil)
  x.grad = torch.ones(3, { dtype = "float64" })
  t.eq(x.grad:totable(), { 1, 1, 1 })
end)

t.test("a gradient for an output that is no scalar must be given", function()
  local x = leaf { 1, 2 }
  t.raises(function() (x * 2):backward() end, "gradient")
  ;(x * 2):backward { gradient = torch.tensor({ 1, 10 }, { dtype = "float64" }) }
  t.eq(x.grad:totable(), { 2, 20 })
end)

t.test("a graph is used once unless it is retained", function()
  local x = leaf { 1, 2 }
  local y = (x * x):sum()
  y:backward { retain_graph = true }
  y:backward()
  t.eq(x.grad:totable(), { 4, 8 })
  t.raises(function() y:backward() end, "second time")
end)

t.test("autograd.grad gives one gradient for each input", function()
  local a, b, unused = leaf { 1, 2 }, leaf { 3, 4 }, leaf { 0, 0 }
  local ga, gb = torch.autograd.grad((a * b):sum(), { a, b })
  t.eq(ga:totable(), { 3, 4 })
  t.eq(gb:totable(), { 1, 2 })
  t.eq(a.grad, nil)
  t.raises(function() torch.autograd.grad((a * b):sum(), { a, unused }) end)
  local first, second = torch.autograd.grad((a * b):sum(), { unused, a }, { allow_unused = true })
  t.eq(first, nil)
  t.eq(second:totable(), { 3, 4 })
end)

t.test("second derivatives", function()
  local x = leaf { 2 }
  local first = torch.autograd.grad((x ^ 3):sum(), x, { create_graph = true })
  t.eq(first:item(), 12)
  t.eq(torch.autograd.grad(first:sum(), x):item(), 12)
end)

t.test("no_grad and enable_grad hold for their function only, and give what it gives", function()
  local x = leaf { 1 }
  local y, extra = torch.no_grad(function(a)
    t.eq(torch.is_grad_enabled(), false)
    torch.enable_grad(function() t.eq((a * 2).requires_grad, true) end)
    return a * 2, "extra"
  end, x)
  t.eq(y.requires_grad, false)
  t.eq(extra, "extra")
  t.eq(torch.is_grad_enabled(), true)
  t.eq((x * 2).requires_grad, true)
end)

t.test("an in-place change of a leaf that records is refused", function()
  local x = leaf { 1 }
  t.raises(function() x:add_(1) end, "leaf")
  torch.no_grad(function() x:add_(1) end)
  t.eq(x:item(), 2)
end)

t.test("a hook sees and may replace the gradient; removed, it does neither", function()
  local x = leaf { 1, 2 }
  local seen
  local handle = x:register_hook(function(g)
    seen = g:totable()
    return g * 10
  end)
  ;(x * 3):sum():backward()
  t.eq(seen, { 3, 3 })
  t.eq(x.grad:totable(), { 30, 30 })
  handle:remove()
  x.grad = nil
  ;(x * 3):sum():backward()
  t.eq(x.grad:totable(), { 3, 3 })
end)

t.test("a function with its own gradient", function()
  local cube = torch.autograd.fn {
    forward = function(ctx, x)
      ctx:save_for_backward(x)
      return x ^ 3
    end,
    backward = function(ctx, g)
      local x = ctx.saved_tensors[1]
      return g * 3 * x ^ 2
    end,
  }
  local x = leaf { 2, 3 }
  cube(x):sum():backward()
  t.eq(x.grad:totable(), { 12, 27 })
  t.ok(torch.autograd.gradcheck(cube, { leaf { 0.5, -1.5 } }))
end)

t.test("gradcheck accepts right gradients and refuses wrong ones", function()
  torch.manual_seed(0)
  local function random(...) return torch.randn(..., { dtype = "float64", requires_grad = true }) end
  t.ok(torch.autograd.gradcheck(function(x) return x:log_softmax(1) end, { random { 3, 4 } }))
  t.ok(torch.autograd.gradcheck(function(x, w, b) return torch.linear(x, w, b):tanh() end,
    { random { 2, 3 }, random { 4, 3 }, random { 4 } }))
  t.ok(torch.autograd.gradcheck(function(x, w) return torch.conv2d(x, w, { padding = 1 }) end,
    { random { 1, 2, 4, 4 }, random { 3, 2, 3, 3 } }))
  local wrong = torch.autograd.fn {
    forward = function(_, x) return x * 2 end,
    backward = function(_, g) return g * 3 end,
  }
  t.raises(function() torch.autograd.gradcheck(wrong, { leaf { 1, 2 } }) end, "finite differences")
  t.raises(function() torch.autograd.gradcheck(torch.tanh, { torch.ones(2, { requires_grad = true }) }) end, "float64")
end)
