-- Transforms of functions and whole derivatives: nesting, several arguments and results, tensors made inside.
local t = require "test"
local f, F = torch.func, torch.autograd.functional

local function vector(...) return torch.tensor({ ... }, { dtype = "float64" }) end
local x = vector(1, 2)
local function cubes(v) return (v ^ 3):sum() end
local function near(a, b) t.ok(torch.allclose(a, b), tostring(a) .. " is not " .. tostring(b)) end

t.test("jacobians in both modes, of several arguments and results", function()
  near(f.jacfwd(torch.sin)(x), torch.diag(x:cos()))
  near(f.jacrev(torch.sin)(x), torch.diag(x:cos()))
  for _, transform in ipairs { f.jacfwd, f.jacrev } do
    local product, sum = transform(function(a, b) return a * b, a + b end, { argnums = { 0, 1 } })(x, x * 10)
    near(product[1], torch.diag(x * 10))
    near(product[2], torch.diag(x))
    near(sum[2], torch.eye(2, { dtype = "float64" }))
    local jacobian, aux = transform(function(a) return a ^ 2, a + 1 end, { has_aux = true })(x)
    near(jacobian, torch.diag(x * 2))
    near(aux, x + 1)
  end
end)

t.test("second derivatives by every nesting", function()
  local wanted = torch.diag(x * 6)
  near(f.hessian(cubes)(x), wanted)
  for _, outer in ipairs { f.jacfwd, f.jacrev } do
    for _, inner in ipairs { f.jacfwd, f.jacrev } do near(outer(inner(cubes))(x), wanted) end
  end
  near(f.grad(function(v) return (f.grad(cubes)(v)):sum() end)(x), x * 6)
  local function slope(v) return (select(2, f.jvp(torch.sin, { v }, { torch.ones_like(v) }))) end
  near(slope(x), x:cos())
  near((select(2, f.jvp(slope, { x }, { torch.ones_like(x) }))), -x:sin())
  near(f.grad(function(v)
    local _, back = f.vjp(torch.sin, v)
    return back(torch.ones_like(v)):sum()
  end)(x), -x:sin())
end)

t.test("vjp takes tables and auxiliary results, linearize keeps the point", function()
  local y, back = f.vjp(function(p) return p.w * p.v end, { w = x, v = x * 2 })
  near(y, x * x * 2)
  local grads = back(torch.ones_like(x))
  near(grads.w, x * 2)
  near(grads.v, x)
  local _, again, aux = f.vjp(function(v) return v * v, v + 1 end, x, { has_aux = true })
  near(again(torch.ones_like(x)), x * 2)
  near(aux, x + 1)
  local z, slope = f.linearize(torch.sin, x)
  near(z, x:sin())
  near(slope(vector(1, 0)), vector(math.cos(1), 0))
end)

t.test("tensors made from tables inside a transform can be used there", function()
  local function weighted(v) return (v * torch.tensor({ 3, 4 }, { dtype = "float64" })):sum() end
  near(f.grad(weighted)(x), vector(3, 4))
  near((select(2, f.jvp(weighted, { x }, { torch.ones_like(x) }))), vector(7)[0])
  near(f.vmap(f.grad(weighted))(torch.stack { x, x }), torch.stack { vector(3, 4), vector(3, 4) })
  near(f.vmap(function(v) return v:conj() * (v:is_floating_point() and 2 or 1) end)(x), x * 2)
end)

t.test("autograd.functional: products and whole derivatives", function()
  local ones = torch.ones_like(x)
  near((select(2, F.vjp(function(v) return v ^ 2 end, x, ones))), x * 2)
  near((select(2, F.jvp(function(v) return v ^ 2 end, x, ones))), x * 2)
  near(F.jacobian(torch.sin, x), torch.diag(x:cos()))
  near(F.jacobian(torch.sin, x, { vectorize = true }), torch.diag(x:cos()))
  local blocks = F.jacobian(function(a, b) return a * b, a + b end, { x, x * 10 })
  near(blocks[1][1], torch.diag(x * 10))
  near(blocks[2][2], torch.eye(2, { dtype = "float64" }))
  near(F.hessian(cubes, x), torch.diag(x * 6))
  near((select(2, F.hvp(cubes, x, x))), x * x * 6)
  near((select(2, F.vhp(cubes, x, x))), x * x * 6)
  t.raises(function() F.vjp(torch.sin, x) end, "v must be given")
  t.raises(function() F.jacobian(function() return x end, x, { strict = true }) end, "does not depend")
end)

t.test("dual numbers end with their level", function()
  local ad = torch.autograd.forward_ad
  local value, tangent = ad.dual_level(function()
    return ad.unpack_dual(ad.make_dual(x, torch.ones_like(x)) * 3)
  end)
  near(value, x * 3)
  near(tangent, torch.ones_like(x) * 3)
  t.raises(function() ad.make_dual(x, x) end, "dual_level")
end)
