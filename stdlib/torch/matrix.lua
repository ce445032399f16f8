--- Norms, decompositions and short-time spectra as PyTorch's Python layer spells them.
local torch = require "torch"
local signature = require "torch.signature"
local T = torch.Tensor
local aten = torch.ops.aten

--- torch.norm(x, p = "fro", dim, keepdim, {dtype=, out=}): of vectors, or with p = "nuc" of matrices.
torch.norm = signature("norm(input, p='fro', dim=nil, keepdim=false, out=nil, dtype=nil)", function(input, p, dim, keepdim, out, dtype)
  local options = (out or dtype) and { out = out, dtype = dtype } or nil
  if type(dim) == "number" then dim = { dim } end
  if p == "nuc" then return aten.linalg_matrix_norm(input, "nuc", dim or { -2, -1 }, keepdim, options) end
  if p == "fro" or p == nil then p = 2 end
  return aten.linalg_vector_norm(input, p, dim, keepdim, options)
end)

--- x:norm(p, dim, keepdim, {dtype=}).
T.norm = signature("norm(input, p='fro', dim=nil, keepdim=false, dtype=nil)", function(input, p, dim, keepdim, dtype)
  return torch.norm(input, p, dim, keepdim, nil, dtype)
end)

--- Packed LU factors and pivots of square matrices; with get_infos, also one code a matrix (0: factored).
torch.lu = signature("lu(A, pivot=true, get_infos=false, out=nil)", function(A, pivot, get_infos, out)
  local factors, pivots, infos = aten._lu_with_info(A, pivot, not get_infos)
  if out then
    local given = { factors, pivots, get_infos and infos or nil }
    for i, x in ipairs(given) do out[i]:resize_(x.shape):copy_(x) end
    factors, pivots, infos = unpack(out)
  end
  if get_infos then return factors, pivots, infos end
  return factors, pivots
end)
T.lu = torch.lu

-- An orthonormal basis of nearly the range of A - M (Halko, Martinsson and Tropp 2009, algorithm 4.4).
local function basis(A, q, niter, M)
  local function apply(x) return M and A:matmul(x) - M:matmul(x) or A:matmul(x) end
  local function back(x) return M and A.mH:matmul(x) - M.mH:matmul(x) or A.mH:matmul(x) end
  local Q = aten.linalg_qr(apply(torch.randn({ A:size(-1), q }, { dtype = A.dtype, device = A.device })))
  for _ = 1, niter do
    Q = aten.linalg_qr(back(Q))
    Q = aten.linalg_qr(apply(Q))
  end
  return Q
end

--- The q largest singular values of A (less M) and their vectors, by random projection: U, S, V.
torch.svd_lowrank = signature("svd_lowrank(A, q=6, niter=2, M=nil)", function(A, q, niter, M)
  local wide = A:size(-2) < A:size(-1)
  M = M and M:expand(A.shape)
  if wide then A, M = A.mH, M and M.mH end
  local Q = basis(A, q, niter, M)
  local B = Q.mH:matmul(A)
  if M then B = B - Q.mH:matmul(M) end
  local U, S, Vh = aten.linalg_svd(B, false)
  local V = Vh.mH
  U = Q:matmul(U)
  if wide then U, V = V, U end
  return U, S, V
end)

--- Principal components of the rows of A by random projection: U, S, V.
torch.pca_lowrank = signature("pca_lowrank(A, q=nil, center=true, niter=2)", function(A, q, center, niter)
  q = q or math.min(6, A:size(-2), A:size(-1))
  return torch.svd_lowrank(center and A - A:mean(-2, true) or A, q, niter)
end)

--- Short-time Fourier transform: (..., frequencies, frames), complex unless return_complex is false.
torch.stft = signature("stft(input, n_fft, hop_length=nil, win_length=nil, window=nil, center=true, pad_mode='reflect', normalized=false, "
  .. "onesided=nil, return_complex=nil, align_to_window=nil)",
  function(input, n_fft, hop_length, win_length, window, center, pad_mode, normalized, onesided, return_complex, align_to_window)
    if center then
      local half, flat = math.floor(n_fft / 2), input.ndim == 1
      local batch = flat and input:view(1, 1, -1) or input:unsqueeze(1)
      batch = aten.pad(batch, { half, half }, pad_mode)
      input = flat and batch:view(-1) or batch:squeeze(1)
    end
    return aten.stft.default(input, n_fft, hop_length, win_length, window, normalized, onesided, return_complex, align_to_window)
  end)
T.stft = torch.stft
