--- torch.sparse: what PyTorch keeps for sparse tensors beside the operators that take them too.
local torch = require "torch"
local signature = require "torch.signature"
local aten = torch.ops.aten

local sparse = {}

--- torch.sparse.mm(a, b, reduce): a sparse times a sparse or dense matrix; with reduce ("sum", "mean", "amax", "amin") for
-- a CSR matrix that reduction over each row.
-- @usage torch.sparse.mm(torch.eye(2):to_sparse(), torch.ones(2, 2))
sparse.mm = signature("mm(mat1, mat2, reduce=nil)", function(a, b, reduce)
  if reduce then return aten._sparse_mm(a, b, reduce) end
  return aten._sparse_mm(a, b)
end)

--- torch.sparse.addmm(m, a, b, {beta = 1, alpha = 1}): beta m + alpha (a b) with a sparse.
sparse.addmm = signature("addmm(mat, mat1, mat2, *, beta=1, alpha=1)", function(mat, a, b, beta, alpha)
  return aten._sparse_addmm(mat, a, b, { beta = beta, alpha = alpha })
end)

--- torch.sparse.sum(x, dim, {dtype=}): over all elements or over the given dims; sparse where sparse dims are left.
-- @usage torch.sparse.sum(torch.eye(2):to_sparse())
sparse.sum = signature("sum(input, dim=nil, dtype=nil)", function(input, dim, dtype)
  if type(dim) == "number" then dim = { dim } end
  local options = dtype and { dtype = dtype } or nil
  if dim then return aten._sparse_sum(input, dim, options) end
  return aten._sparse_sum(input, options)
end)

--- torch.sparse.softmax(x, dim, {dtype=}), log_softmax: over the elements that are stored.
sparse.softmax = signature("softmax(input, dim, *, dtype=nil)", function(input, dim,
  dtype) return aten._sparse_softmax(input, dim, { dtype = dtype or torch.None }) end)
sparse.log_softmax = signature("log_softmax(input, dim, *, dtype=nil)", function(input, dim, dtype)
  return aten._sparse_log_softmax(input, dim, { dtype = dtype or torch.None })
end)

--- torch.sparse.spdiags(diagonals, offsets, shape, {layout=}): a matrix with these diagonals.
sparse.spdiags = signature("spdiags(diagonals, offsets, shape, layout=nil)", function(diagonals, offsets, shape, layout)
  return aten._spdiags(diagonals, offsets, shape, layout)
end)
sparse.sampled_addmm = aten.sparse_sampled_addmm
--- torch.sparse.spsolve(a, b): x with a x = b for a CSR matrix a.
sparse.spsolve = aten._spsolve

return sparse
