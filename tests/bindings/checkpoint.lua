-- Checkpointed activations: computed again, the same numbers, in every kind of backward.
local t = require "test"

local function leaf(values) return torch.tensor(values, { dtype = "float64", requires_grad = true }) end

t.test("random numbers are the same the second time, in both ways", function()
  torch.manual_seed(0)
  local plain = leaf { 1, 2, 3, 4 }
  torch.dropout(plain:exp(), 0.5, true):sin():sum():backward()
  for _, reentrant in ipairs { false, true } do
    torch.manual_seed(0)
    local x, runs = leaf { 1, 2, 3, 4 }, 0
    local y = torch.checkpoint(function(v)
      runs = runs + 1
      return torch.dropout(v:exp(), 0.5, true):sin()
    end, x, { use_reentrant = reentrant })
    y:sum():backward()
    t.eq(runs, 2)
    t.eq(x.grad:totable(), plain.grad:totable())
  end
end)

t.test("gradients of captured tensors, twice, nested and of second order", function()
  local x, w = leaf { 2 }, leaf { 3 }
  local function close(a, b) t.ok(math.abs(a:item() - b) < 1e-12) end
  local y = torch.checkpoint(function(v) return (v * w):sin() end, x)
  close(torch.autograd.grad(y, w, { retain_graph = true }), 2 * math.cos(6))
  y:backward()
  close(x.grad, 3 * math.cos(6))
  local inner = function(v) return v:exp():sin() end
  local z = torch.checkpoint(function(v) return torch.checkpoint(inner, v):cos() end, x)
  local g = torch.autograd.grad(z, x, { create_graph = true })
  local plain = torch.autograd.grad(inner(x):cos(), x, { create_graph = true })
  close(g, plain:item())
  close(torch.autograd.grad(g, x), torch.autograd.grad(plain, x):item())
end)

t.test("a function that computes something else the second time is refused", function()
  local runs = 0
  local function fickle(v)
    runs = runs + 1
    return runs > 1 and v:sin() or v:sin():exp()
  end
  t.raises(function() torch.checkpoint(fickle, leaf { 1 }):backward() end, "must compute the same")
end)

t.test("a chain of functions in parts", function()
  local x = leaf { 0.5 }
  local chain = { torch.sin, torch.exp, torch.cos }
  local y = torch.utils.checkpoint.checkpoint_sequential(chain, 2, x)
  y:backward()
  t.eq(x.grad:item(), torch.autograd.grad(x:sin():exp():cos(), x):item())
  t.raises(function() torch.utils.checkpoint.checkpoint_sequential(chain, 4, x) end, "segments must lie in")
end)
