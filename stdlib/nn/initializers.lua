--- Initialisers in place, as torch.nn.init: nn.init.kaiming_uniform_(w, { nonlinearity = "relu" }), nn.init.zeros_(b).
-- Arguments in PyTorch's order or by name in a trailing table; each returns its tensor, with PyTorch's numbers for the
-- same seed.
local host = require "host.initializers"
local nearest = require "language.nearest"

local init = {}

local arguments = {
  uniform = { "a", "b" },
  normal = { "mean", "std" },
  trunc_normal = { "mean", "std", "a", "b" },
  constant = { "val" },
  ones = {},
  zeros = {},
  xavier_uniform = { "gain" },
  xavier_normal = { "gain" },
  kaiming_uniform = { "a", "mode", "nonlinearity" },
  kaiming_normal = { "a", "mode", "nonlinearity" },
  orthogonal = { "gain" },
  eye = {},
  dirac = { "groups" },
  sparse = { "sparsity", "std" },
}

-- Arguments in order, words of a trailing table put in their places.
local function placed(name, ...)
  local names, values, n = arguments[name], { ... }, select("#", ...)
  local words = values[n]
  if type(words) ~= "table" then
    if n > #names then
      error(("nn.init.%s_: takes %d arguments after the tensor, got %d"):format(name, #names, n), 3)
    end
    return values
  end
  values[n] = nil
  for key, value in pairs(words) do
    local at
    for i, known in ipairs(names) do if known == key then at = i end end
    if not at then
      error(("nn.init.%s_: unknown option '%s'%s"):format(name, tostring(key),
        nearest.did_you_mean(tostring(key), names)), 3)
    end
    if values[at] ~= nil then error(("nn.init.%s_: '%s' is given twice"):format(name, key), 3) end
    values[at] = value
  end
  return values
end

local function matrix(name, tensor)
  if tensor.ndim ~= 2 then error(("nn.init.%s_: needs 2 dims, got %d"):format(name, tensor.ndim), 3) end
end

local written = {}

-- The identity, as far as a matrix of any shape can hold it.
function written.eye(tensor)
  matrix("eye", tensor)
  torch.eye(tensor:size(0), tensor:size(1), { out = tensor })
end

-- Convolutions that pass as many channels on as they have, in each group.
function written.dirac(tensor, groups)
  groups = groups or 1
  local n = tensor.ndim
  if n < 3 or n > 5 then error(("nn.init.dirac_: needs 3, 4 or 5 dims, got %d"):format(n), 3) end
  if tensor:size(0) % groups ~= 0 then
    error(("nn.init.dirac_: dim 0 (%d) must divide by groups %d"):format(tensor:size(0), groups), 3)
  end
  local out = tensor:size(0) / groups
  tensor:zero_()
  for g = 0, groups - 1 do
    for d = 0, math.min(out, tensor:size(1)) - 1 do
      local place = { g * out + d, d }
      for k = 2, n - 1 do place[#place + 1] = math.floor(tensor:size(k) / 2) end
      tensor[place] = 1
    end
  end
end

-- Martens 2010: a share `sparsity` of each column is zero, the rest normal.
function written.sparse(tensor, sparsity, std)
  matrix("sparse", tensor)
  if type(sparsity) ~= "number" then error("nn.init.sparse_: 'sparsity' must be given", 3) end
  local rows = tensor:size(0)
  local zeros = math.ceil(sparsity * rows)
  tensor:normal_(0, std or 0.01)
  for column = 0, tensor:size(1) - 1 do
    tensor:select(1, column):index_fill_(0, torch.randperm(rows):narrow(0, 0, zeros):to(tensor.device), 0)
  end
end

for name in pairs(arguments) do
  local f = written[name]
  if f then
    init[name .. "_"] = function(tensor, ...)
      local values = placed(name, ...)
      torch.no_grad(function() f(tensor, unpack(values, 1, 2)) end)
      return tensor
    end
  else
    local n = math.max(1, #arguments[name])
    init[name .. "_"] = function(tensor, ...)
      host[name](tensor, unpack(placed(name, ...), 1, n))
      return tensor
    end
  end
end

--- nn.init.calculate_gain(nonlinearity, slope=0.01): the factor that keeps the variance of signals behind it.
-- @usage print(nn.init.calculate_gain "tanh")
function init.calculate_gain(nonlinearity, slope)
  if nonlinearity == "leaky_relu" and slope == nil then slope = 0.01 end
  return host.gain(nonlinearity, slope)
end

return init
