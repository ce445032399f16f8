-- What stdlib/torch adds to ATen's operators: PyTorch's Python layer.
local t = require "test"

local function list(...) return { ... } end

t.test("linalg, fft and special by their short names, with the nearest", function()
  t.eq(torch.linalg.det(torch.eye(2) * 2):item(), 4)
  t.eq(torch.fft.rfft(torch.ones(4)):real():totable(), { 4, 0, 0 })
  t.near(torch.special.ndtr(torch.zeros(1)):item(), 0.5)
  t.raises(function() return torch.linalg.choleski end, "torch.linalg has no operator 'choleski'; did you mean 'cholesky'?")
end)

t.test("unique", function()
  local x = torch.tensor({ 3, 1, 3, 3 }, { dtype = "int64" })
  t.eq(torch.unique(x):totable(), { 1, 3 })
  local values, inverse, counts = x:unique { return_inverse = true, return_counts = true }
  t.eq(inverse:totable(), { 1, 0, 1, 1 })
  t.eq(counts:totable(), { 1, 3 })
  local _, only = x:unique_consecutive { return_counts = true }
  t.eq(only:totable(), { 1, 1, 2 })
  t.eq(#list(torch.unique(x)), 1)
  t.eq(torch.unique(torch.tensor { { 1, 2 }, { 1, 2 } }, { dim = 0 }).shape, { 1, 2 })
  t.eq(values.dtype, "int64")
end)

t.test("several tensors one by one or as a list", function()
  local a, b = torch.ones(3, 1), torch.ones(4)
  local x, y = unpack(torch.broadcast_tensors(a, b))
  t.eq({ x.shape, y.shape }, { { 3, 4 }, { 3, 4 } })
  t.eq(torch.broadcast_shapes({ 3, 1 }, { 4 }, 1), { 3, 4 })
  t.raises(function() torch.broadcast_shapes({ 3 }, { 4 }) end, "sizes 3 and 4 do not fit in dim %-1")
  t.eq(torch.block_diag(torch.ones(1, 2), torch.ones(2, 1)).shape, { 3, 3 })
  t.eq(torch.cartesian_prod({ torch.arange(2), torch.arange(3) }).shape, { 6, 2 })
  local i, j = unpack(torch.meshgrid(torch.arange(2), torch.arange(3), { indexing = "xy" }))
  t.eq({ i.shape, j.shape }, { { 3, 2 }, { 3, 2 } })
  local p, q = unpack(torch.atleast_2d(torch.ones(3), torch.ones {}))
  t.eq({ p.shape, q.shape }, { { 1, 3 }, { 1, 1 } })
end)

t.test("einsum and tensordot", function()
  local a, b = torch.randn(2, 3), torch.randn(3, 4)
  local want = a:matmul(b)
  for _, got in ipairs { torch.einsum("ij,jk->ik", a, b), torch.einsum("ij,jk->ik", { a, b }), torch.einsum(a, { 0, 1 }, b, { 1, 2 }, { 0, 2 }),
    torch.tensordot(a, b, 1), torch.tensordot(a, b, { dims = { { 1 }, { 0 } } }) } do
    t.ok(torch.allclose(got, want, 1e-5, 1e-6))
  end
  t.eq(torch.tensordot(a, a).shape, {})
  t.eq(torch.cdist(a, a, { compute_mode = "donot_use_mm_for_euclid_dist" }):diag():totable(), { 0, 0 })
  t.raises(function() torch.cdist(a, a, 2, "donot_use_mm") end, "unknown compute_mode")
end)

t.test("norms by number, word and dim", function()
  local x = torch.tensor { { 3, 4 }, { 0, 0 } }
  t.eq(x:norm():item(), 5)
  t.eq(x:norm(2, 1):totable(), { 5, 0 })
  t.eq(x:norm(1, { 0, 1 }, true).shape, { 1, 1 })
  t.near(torch.norm(x, "nuc"):item(), 5)
  t.eq(torch.norm(x, math.huge):item(), 4)
  t.eq(torch.norm(x, { p = 1, dim = 0, dtype = "float64" }).dtype, "float64")
end)

t.test("decompositions rebuild their matrix", function()
  local A = torch.randn({ 6, 2 }, { dtype = "float64" }):matmul(torch.randn({ 2, 5 }, { dtype = "float64" }))
  local U, S, V = torch.svd_lowrank(A, 2)
  t.ok(torch.allclose(U:matmul(S:diag()):matmul(V.mT), A))
  local square = torch.randn(3, 3)
  local factors, pivots, infos = torch.lu(square, { get_infos = true })
  local P, L, R = torch.lu_unpack(factors, pivots)
  t.ok(torch.allclose(P:matmul(L):matmul(R), square, 1e-4, 1e-5))
  t.eq(infos:item(), 0)
  t.eq(select(2, torch.pca_lowrank(A, 2)).shape, { 2 })
end)

t.test("stft and back", function()
  local x, window = torch.randn(64), torch.hann_window(16)
  local X = torch.stft(x, 16, { window = window, return_complex = true })
  t.eq(X.shape, { 9, 17 })
  t.ok(torch.allclose(torch.istft(X, 16, { window = window, length = 64 }), x, 1e-4, 1e-5))
end)

t.test("indices of what is not zero; positions in a shape", function()
  local x = torch.tensor { { 0, 1 }, { 2, 0 } }
  t.eq(x:nonzero():totable(), { { 0, 1 }, { 1, 0 } })
  local rows, columns = unpack(torch.nonzero(x, { as_tuple = true }))
  t.eq({ rows:totable(), columns:totable() }, { { 0, 1 }, { 1, 0 } })
  local i, j = unpack(torch.unravel_index(torch.tensor({ 5 }, { dtype = "int64" }), { 2, 3 }))
  t.eq({ i:item(), j:item() }, { 1, 2 })
end)

t.test("properties and methods of Python's tensors", function()
  local z = torch.tensor { { 1, 2 }, { 3, 4 } }
  t.eq(z.H:totable(), { { 1, 3 }, { 2, 4 } })
  t.raises(function() return torch.ones(3).H end, "x.H is for matrices")
  t.eq({ z.is_cpu, z.is_cuda, z.is_sparse }, { true, false, false })
  t.eq({ z:type(), z:type("float64").dtype }, { "float32", "float64" })
  t.eq(z:__rsub__(10):totable(), { { 9, 8 }, { 7, 6 } })
  t.eq(torch.float(torch.ones({ 1 }, { dtype = "int64" })).dtype, "float32")
  local y = torch.as_tensor(z)
  t.ok(rawequal(y, z))
end)

t.test("requires_grad of factories", function()
  t.eq(torch.empty_strided({ 2 }, { 1 }, { requires_grad = true }).requires_grad, true)
  t.eq(torch.ones(2):new_zeros({ 2 }, { requires_grad = true }).requires_grad, true)
  t.eq(torch.hann_window(4, { requires_grad = true }).requires_grad, true)
end)

t.test("keywords by Python's names; nil past the last argument", function()
  local x = torch.ones(2, 3)
  t.eq(torch.sum(x, { axis = 1, keepdim = true }).shape, { 2, 1 })
  t.eq(torch.sum({ input = x, dim = 0 }):totable(), { 2, 2, 2 })
  t.eq(torch.mul(x, 2, nil, nil)[0]:totable(), { 2, 2, 2 })
  t.eq(#torch.hsplit(torch.arange(4), 2), 2)
  t.eq(torch.hsplit(torch.arange(4), 2)[1]:totable(), { 0, 1 })
  t.eq(torch.hsplit(torch.arange(4), { 1 })[2]:totable(), { 1, 2, 3 })
end)
