--- unique and unique_consecutive: what is there, where each element went, how often.
local torch = require "torch"
local signature = require "torch.signature"
local T = torch.Tensor
local aten = torch.ops.aten

-- Values first, then the inverse and the counts where they were asked for.
local function chosen(values, inverse, counts, with_inverse, with_counts)
  if with_inverse and with_counts then return values, inverse, counts end
  if with_inverse then return values, inverse end
  if with_counts then return values, counts end
  return values
end

--- The different elements in ascending order (or rows along dim), with return_inverse where each element went, with
-- return_counts how often each occurs: as several values.
torch.unique = signature("unique(input, sorted=true, return_inverse=false, return_counts=false, dim=nil)",
  function(input, sorted, with_inverse, with_counts, dim)
    local values, inverse, counts
    if dim then
      values, inverse, counts = aten.unique_dim(input, dim, sorted, with_inverse, with_counts)
    else
      values, inverse, counts = aten._unique2(input, sorted, with_inverse, with_counts)
    end
    return chosen(values, inverse, counts, with_inverse, with_counts)
  end)

--- As unique, but only neighbours that are equal are joined.
torch.unique_consecutive = signature("unique_consecutive(input, return_inverse=false, return_counts=false, dim=nil)",
  function(input, with_inverse, with_counts, dim)
    local values, inverse, counts = aten.unique_consecutive(input, with_inverse, with_counts, dim)
    return chosen(values, inverse, counts, with_inverse, with_counts)
  end)

T.unique, T.unique_consecutive = torch.unique, torch.unique_consecutive

--- torch.nonzero(x, {as_tuple=false}): indices of elements that are not zero, a row each; with as_tuple a list of
-- vectors, one for each dim, fit to index with.
torch.nonzero = signature("nonzero(input, *, as_tuple=false, out=nil)", function(input, as_tuple, out)
  if as_tuple then return aten.nonzero_numpy(input) end
  if out then return aten.nonzero(input, { out = out }) end
  return aten.nonzero(input)
end)
T.nonzero = torch.nonzero

--- torch.unravel_index(indices, shape): positions in a flat tensor as one index tensor for each dim of `shape`.
torch.unravel_index = signature("unravel_index(indices, shape)", function(indices, shape)
  if type(shape) == "number" then shape = { shape } end
  if indices:is_floating_point() or indices:is_complex() or indices.dtype == "bool" then
    error("unravel_index: indices must be integers, got " .. indices.dtype, 0)
  end
  for d, size in ipairs(shape) do
    if size < 0 then error(("unravel_index: sizes must not be negative, got %g in dim %d"):format(size, d - 1), 0) end
  end
  indices = indices:to "int64"
  local list, step = {}, 1
  for d = #shape, 1, -1 do
    list[d] = indices:floor_divide(step):remainder(shape[d])
    step = step * shape[d]
  end
  return list
end)
