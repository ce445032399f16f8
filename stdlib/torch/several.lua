--- Functions of several tensors that PyTorch's Python layer takes as separate arguments or as one list.
local torch = require "torch"
local signature = require "torch.signature"
local is_tensor = require "host.tensor".is_tensor
local aten = torch.ops.aten

-- Tensors given one by one or as a list, and the keywords after them.
local function gather(...)
  local n, values, options = select("#", ...), { ... }, nil
  if n > 0 and signature.is_keywords(values[n]) then
    options = values[n]
    values[n] = nil
    n = n - 1
  end
  if n == 1 and type(values[1]) == "table" then values = values[1] end
  return values, options
end

local function over_all(name)
  local bare = aten[name]
  torch[name] = function(...) return bare((gather(...))) end
end
for _, name in ipairs { "block_diag", "broadcast_tensors", "cartesian_prod", "chain_matmul" } do over_all(name) end

--- torch.meshgrid(a, b, ..., {indexing = "ij"}): a list with one grid of coordinates for each vector.
-- @usage local rows, columns = unpack(torch.meshgrid(torch.arange(2), torch.arange(3)))
function torch.meshgrid(...)
  local tensors, options = gather(...)
  return aten.meshgrid(tensors, { indexing = options and options.indexing or "ij" })
end

for n = 1, 3 do
  local name = ("atleast_%dd"):format(n)
  local bare = aten[name]
  torch[name] = function(...)
    local tensors = gather(...)
    if is_tensor((...)) and select("#", ...) == 1 then return bare((...)) end
    return bare(tensors)
  end
end

--- torch.broadcast_shapes({3, 1}, {4}, ...): the shape that all of these broadcast to.
-- @usage print(torch.broadcast_shapes({ 3, 1 }, { 4 })) -- [3, 4]
function torch.broadcast_shapes(...)
  local out = {}
  for _, shape in ipairs { ... } do
    if type(shape) == "number" then shape = { shape } end
    local shift = #shape - #out
    for _ = 1, shift do table.insert(out, 1, 1) end
    for i = 1, #shape do
      local at = i + #out - #shape
      if shape[i] ~= 1 and out[at] ~= 1 and shape[i] ~= out[at] then
        error(("broadcast_shapes: sizes %d and %d do not fit in dim %d"):format(out[at], shape[i], at - #out - 1), 2)
      elseif shape[i] ~= 1 then
        out[at] = shape[i]
      end
    end
  end
  return torch.shape_of(out)
end

-- "abij" for the sublist {0, 1, 8, 9}; 26 and above are capitals.
local function letters(sublist)
  local text = {}
  for i, k in ipairs(sublist) do
    if k == torch.None then text[i] = "..."
    elseif k >= 0 and k < 26 then text[i] = string.char(97 + k)
    elseif k < 52 then text[i] = string.char(65 + k - 26)
    else error("einsum: sublists hold numbers from 0 to 51, got " .. tostring(k), 3) end
  end
  return table.concat(text)
end

--- torch.einsum("ij,jk->ik", a, b), also with a list of tensors, or a, {0, 1}, b, {1, 2}, {0, 2} for the same.
-- @usage torch.einsum("ij,ij->i", torch.ones(2, 3), torch.ones(2, 3))
function torch.einsum(equation, ...)
  if type(equation) == "string" then
    local tensors, options = gather(...)
    return aten.einsum(equation, tensors, options)
  end
  local values = { equation, ... }
  local tensors, terms = {}, {}
  for i = 1, #values - 1, 2 do tensors[#tensors + 1], terms[#terms + 1] = values[i], letters(values[i + 1]) end
  local text = table.concat(terms, ",")
  if #values % 2 == 1 then text = text .. "->" .. letters(values[#values]) end
  return aten.einsum(text, tensors)
end

--- torch.tensordot(a, b, dims): sums over `dims` last dims of a and first of b, or over the pairs { {a's}, {b's} }.
-- @usage torch.tensordot(torch.ones(2, 3), torch.ones(3, 4), 1)
torch.tensordot = signature("tensordot(a, b, dims=2, out=nil)", function(a, b, dims, out)
  if is_tensor(dims) then dims = dims:totable() end
  if type(dims) == "number" then
    if dims < 0 or dims > math.min(a.ndim, b.ndim) then
      error(("tensordot: dims must lie in [0, %d], got %g"):format(math.min(a.ndim, b.ndim), dims), 0)
    end
    local last, first = {}, {}
    for i = 1, dims do last[i], first[i] = i - dims - 1, i - 1 end
    dims = { last, first }
  end
  local of_a, of_b = dims[1], dims[2]
  if type(of_a) == "number" then of_a, of_b = { of_a }, { of_b } end
  if out then return aten.tensordot(a, b, of_a, of_b, { out = out }) end
  return aten.tensordot(a, b, of_a, of_b)
end)

local modes = { use_mm_for_euclid_dist_if_necessary = torch.None, use_mm_for_euclid_dist = 1, donot_use_mm_for_euclid_dist = 2 }
--- Distances between all rows of x1 and all rows of x2.
torch.cdist = signature("cdist(x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary')", function(x1, x2, p, mode)
  local code = type(mode) == "number" and mode or modes[mode]
  if not code then error(("cdist: unknown compute_mode '%s'%s"):format(tostring(mode),
    require "language.nearest".did_you_mean(tostring(mode), { "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist" })), 0) end
  return aten.cdist(x1, x2, p, code)
end)
