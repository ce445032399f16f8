--- Sequences of different lengths: padded to a tensor, or packed for recurrent layers.
local torch = require "torch"
local host = require "host.module"

local sequences = {}

local function option(o, name, fallback)
  if o == nil or o[name] == nil then return fallback end
  return o[name]
end

-- A sequence of batches: data [sum of lengths, ...], batch_sizes (long, CPU), and the order of the batch.
local Packed = {}
Packed.__index = Packed
Packed.__tostring = function(p)
  return ("PackedSequence(data %s, batch_sizes %s)"):format(tostring(p.data.shape), tostring(p.batch_sizes))
end

--- nn.utils.rnn.PackedSequence(data, batch_sizes, sorted_indices, unsorted_indices)
function sequences.PackedSequence(data, batch_sizes, sorted, unsorted)
  if unsorted == nil and sorted ~= nil then unsorted = sequences.invert_permutation(sorted) end
  return setmetatable({ data = data, batch_sizes = batch_sizes, sorted_indices = sorted,
    unsorted_indices = unsorted }, Packed)
end
--- packed:to(...): the same on another device or of another dtype.
function Packed:to(...)
  local function moved(x, ...) return x and x:to(...) end
  return sequences.PackedSequence(self.data:to(...), self.batch_sizes, moved(self.sorted_indices, self.data.device),
    moved(self.unsorted_indices, self.data.device))
end

--- nn.utils.rnn.invert_permutation(indices)
function sequences.invert_permutation(indices)
  if indices == nil then return nil end
  return torch.empty_like(indices):scatter_(0, indices, torch.arange(indices:numel(), { device = indices.device }))
end

--- nn.utils.rnn.pad_sequence(list, {batch_first=false, padding_value=0, padding_side="right"}): tensors [L_i, ...] as
-- one [L, B, ...], or [B, L, ...] with batch_first.
-- @usage print(nn.utils.rnn.pad_sequence({ torch.ones(2), torch.ones(3) }, { batch_first = true }))
function sequences.pad_sequence(list, o)
  if #list == 0 then error("pad_sequence: no sequences", 2) end
  local side = option(o, "padding_side", "right")
  if side ~= "right" and side ~= "left" then
    error(("pad_sequence: padding_side must be 'left' or 'right', got '%s'"):format(side), 2)
  end
  local longest = 0
  for _, x in ipairs(list) do longest = math.max(longest, x:size(0)) end
  local rows = {}
  for i, x in ipairs(list) do
    local rest = {}
    for d = 1, x.ndim - 1 do rest[d] = x:size(d) end
    local fill = torch.full({ longest - x:size(0), unpack(rest) }, option(o, "padding_value", 0),
      { dtype = x.dtype, device = x.device })
    rows[i] = torch.cat(side == "right" and { x, fill } or { fill, x }, 0)
  end
  return torch.stack(rows, option(o, "batch_first", false) and 0 or 1)
end

--- nn.utils.rnn.unpad_sequence(padded, lengths, {batch_first=false}): the list of tensors again.
function sequences.unpad_sequence(padded, lengths, o)
  if not option(o, "batch_first", false) then padded = padded:transpose(0, 1) end
  local list = {}
  for i, n in ipairs(torch.is_tensor(lengths) and lengths:totable() or lengths) do
    list[i] = padded:select(0, i - 1):narrow(0, 0, n)
  end
  return list
end

--- nn.utils.rnn.pack_padded_sequence(padded, lengths, {batch_first=false, enforce_sorted=true}): lengths as a list or a
-- CPU tensor, longest first unless enforce_sorted is false.
function sequences.pack_padded_sequence(padded, lengths, o)
  local batch_first = option(o, "batch_first", false)
  if not torch.is_tensor(lengths) then lengths = torch.tensor(lengths, { dtype = "int64" }) end
  local sorted
  if not option(o, "enforce_sorted", true) then
    lengths, sorted = torch.sort(lengths, { descending = true })
    sorted = sorted:to(padded.device)
    padded = padded:index_select(batch_first and 0 or 1, sorted)
  end
  local data, batch_sizes = torch._pack_padded_sequence(padded, lengths, batch_first)
  return sequences.PackedSequence(data, batch_sizes, sorted)
end

--- nn.utils.rnn.pack_sequence(list, {enforce_sorted=true})
function sequences.pack_sequence(list, o)
  local lengths = {}
  for i, x in ipairs(list) do lengths[i] = x:size(0) end
  return sequences.pack_padded_sequence(sequences.pad_sequence(list), lengths,
    { enforce_sorted = option(o, "enforce_sorted", true) })
end

--- nn.utils.rnn.pad_packed_sequence(packed, {batch_first=false, padding_value=0, total_length=nil}): the padded tensor
-- and
-- the lengths, in the order of the batch.
function sequences.pad_packed_sequence(packed, o)
  local batch_first, total = option(o, "batch_first", false), option(o, "total_length")
  local longest = packed.batch_sizes:size(0)
  if total and total < longest then
    error(("pad_packed_sequence: total_length must be at least the longest, %d, got %d"):format(longest, total), 2)
  end
  local padded, lengths = torch._pad_packed_sequence(packed.data, packed.batch_sizes, batch_first,
    option(o, "padding_value", 0),
    total or longest)
  if packed.unsorted_indices then
    padded = padded:index_select(batch_first and 0 or 1, packed.unsorted_indices)
    lengths = lengths:index_select(0, packed.unsorted_indices:cpu())
  end
  return padded, lengths
end

--- nn.utils.rnn.unpack_sequence(packed): the list of tensors again.
function sequences.unpack_sequence(packed)
  local padded, lengths = sequences.pad_packed_sequence(packed, { batch_first = true })
  return sequences.unpad_sequence(padded, lengths, { batch_first = true })
end

-- What recurrent layers do with a packed sequence: lstm(packed, h, c) -> packed, h, c, states in the order of the
-- batch.
local operators = { LSTM = "lstm", GRU = "gru" }
local function adapt(m, packed, ...)
  local states = { ... }
  if type(states[1]) == "table" and #states == 1 then states = states[1] end
  if not (type(packed) == "table" and getmetatable(packed) == Packed) then
    if torch.is_tensor(packed) and states[1] then return host.run(m, packed, unpack(states)) end
    error(("%s: the input must be a tensor or a PackedSequence, got a %s"):format(m.kind, type(packed)), 0)
  end
  local o, weights = host.options(m), {}
  for _, e in ipairs(host.entries(m)) do
    if e[2] ~= nil and (e[1]:match "_l%d+$" or e[1]:match "_l%d+_reverse$") then weights[#weights + 1] = e[2] end
  end
  local operator = operators[m.kind] or (o.nonlinearity == "relu" and "rnn_relu" or "rnn_tanh")
  local batch = packed.batch_sizes[0]:item()
  local count = o.num_layers * (o.bidirectional and 2 or 1)
  local function start(i, width)
    local given = states[i]
    if given == nil then
      return torch.zeros({ count, batch, width }, { dtype = packed.data.dtype, device = packed.data.device })
    end
    return packed.sorted_indices and given:index_select(1, packed.sorted_indices) or given
  end
  local projected = o.proj_size and o.proj_size > 0 and o.proj_size or o.hidden_size
  local hx = operator == "lstm" and { start(1, projected), start(2, o.hidden_size) } or start(1, o.hidden_size)
  local y, h, c = torch.ops.aten[operator](packed.data, packed.batch_sizes, hx, weights, o.bias, o.num_layers,
    o.dropout,
    m.training, o.bidirectional)
  local function back(state)
    return state and packed.unsorted_indices and state:index_select(1, packed.unsorted_indices) or state
  end
  return sequences.PackedSequence(y, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices), back(h),
    back(c)
end
for _, kind in ipairs { "LSTM", "GRU", "RNN" } do host.methods(kind).adapt = adapt end

return sequences
