-- Custom functions: what a context can say, saved tensors, forward mode, second derivatives.
local t = require "test"
local A = torch.autograd

local function leaf(values) return torch.tensor(values, { dtype = "float64", requires_grad = true }) end

t.test("several results, one without a gradient; missing gradients arrive as zeros", function()
  local seen, needs
  local f = A.fn {
    forward = function(ctx, x, k)
      local i = x:argmax()
      ctx:mark_non_differentiable(i)
      ctx:save_for_backward(x)
      return x * k, x * 3, i
    end,
    backward = function(ctx, a, b)
      seen, needs = b, ctx.needs_input_grad
      t.eq(ctx.saved_tensors[1]:totable(), { 1, 3, 2 })
      return a * 2
    end,
  }
  local x = leaf { 1, 3, 2 }
  local y, _, i = f(x, 2)
  t.eq({ i.requires_grad, i:item() }, { false, 1 })
  t.eq(tostring(y.grad_fn), "<CustomFunctionBackward>")
  y:sum():backward()
  t.eq(x.grad:totable(), { 2, 2, 2 })
  t.eq(seen:totable(), { 0, 0, 0 })
  t.eq(needs, { true, false })
end)

t.test("without materialized gradients a missing one is nil", function()
  local seen = "untouched"
  local f = A.fn {
    forward = function(ctx, x)
      ctx:set_materialize_grads(false)
      return x * 1, x * 2
    end,
    backward = function(_, a, b)
      seen = b
      return a
    end,
  }
  f(leaf { 1 }):sum():backward()
  t.eq(seen, nil)
end)

t.test("an input changed in place is the result, and a leaf is refused", function()
  local f = A.fn {
    forward = function(ctx, x)
      x:add_(1)
      ctx:mark_dirty(x)
      return x
    end,
    backward = function(_, g) return g * 3 end,
  }
  local x = leaf { 1, 2 }
  local y = x * 1
  t.ok(rawequal(f(y), y))
  y:sum():backward()
  t.eq(x.grad:totable(), { 3, 3 })
  t.raises(function() f(x) end, "leaf Variable")
end)

t.test("saved tensors notice changes in place and a second backward", function()
  local f = A.fn {
    forward = function(ctx, x)
      ctx:save_for_backward(x)
      return x * 1
    end,
    backward = function(ctx, g) return g * ctx.saved_tensors[1] end,
  }
  local y = leaf { 3 } * 2
  local z = f(y)
  torch.no_grad(function() y:add_(1) end)
  t.raises(function() z:backward() end, "modified by an inplace operation")
  local x = leaf { 3 }
  z = f(x)
  z:backward { retain_graph = true }
  z:backward()
  t.eq(x.grad:totable(), { 6 })
  t.raises(function() z:backward() end, "second time")
end)

t.test("too many gradients, and one for what is no tensor, are refused", function()
  local many = A.fn { forward = function(_, x) return x * 1 end, backward = function(_, g) return g, g end }
  t.raises(function() many(leaf { 1 }):backward() end, "returned 2 gradients for 1 inputs")
  local number = A.fn { forward = function(_, x, k) return x * k end, backward = function(_, g) return g, g end }
  t.raises(function() number(leaf { 1 }, 2):backward() end, "input 2, which is no tensor")
end)

t.test("a set-up apart from forward, a jvp, and both directions checked", function()
  local power = A.fn {
    forward = function(x, k) return x ^ k end,
    setup_context = function(ctx, inputs, output)
      ctx:save_for_backward(inputs[1], output)
      ctx.k = inputs[2]
    end,
    backward = function(ctx, g) return g * ctx.k * ctx.saved_tensors[1] ^ (ctx.k - 1) end,
    jvp = function(ctx, slope) return slope * ctx.k * ctx.saved_tensors[1] ^ (ctx.k - 1) end,
  }
  local function cube(x) return power(x, 3) end
  local _, slope = torch.func.jvp(cube, { leaf { 2 } }, { leaf { 1 } })
  t.eq(slope:item(), 12)
  t.ok(A.gradcheck(cube, { leaf { 1, 2 } }, { check_forward_ad = true }))
  t.ok(A.gradgradcheck(cube, { leaf { 1, 2 } }))
end)

t.test("once_differentiable refuses the second derivative", function()
  local square = A.fn {
    once_differentiable = true,
    forward = function(ctx, x)
      ctx:save_for_backward(x)
      return x ^ 2
    end,
    backward = function(ctx, g) return g * 2 * ctx.saved_tensors[1] end,
  }
  local x = leaf { 3 }
  local g = A.grad(square(x), x, { create_graph = true, grad_outputs = leaf { 1 } })
  t.eq(g:item(), 6)
  t.raises(function() g:backward() end, "differentiate twice")
end)

t.test("gradcheck takes complex numbers, several results and layouts, and finds a wrong gradient", function()
  torch.manual_seed(0)
  local z = torch.randn(2, 2, { dtype = "complex128", requires_grad = true })
  t.ok(A.gradcheck(function(x) return x * x:conj(), x:abs() end, { z }, { check_batched_grad = true, check_forward_ad = true }))
  local turned = torch.randn(2, 3, { dtype = "float64" }):t():requires_grad_()
  t.ok(A.gradcheck(torch.matmul, { turned, torch.randn(2, 2, { dtype = "float64", requires_grad = true }) }))
  local wrong = A.fn { forward = function(_, x) return x * 2 end, backward = function(_, g) return g * 3 end }
  t.raises(function() A.gradcheck(wrong, { leaf { 1 } }) end, "gradient 3, finite differences 2")
  t.eq(A.gradcheck(wrong, { leaf { 1 } }, { raise_exception = false }), false)
end)
