--- Parametrizations: a parameter computed from others by modules, under PyTorch's keys
-- parametrizations.NAME.original (original0, original1, ... where a right_inverse gives several).
local torch = require "torch"
local host = require "host.module"
local class = require "nn.class".class
local container = require "nn.container"
local derived = require "nn.derived"
local norms = require "nn.weight_norm"
local parameter = require "nn.parameter"

local parametrize = {}

-- The chain of one tensor: its originals, and the modules that turn them into it.
local List = class "ParametrizationList"
function List:init(several) self.several = several end
function List:originals()
  if not self.several then return { self.original } end
  local list = {}
  for i = 1, self.several do list[i] = self["original" .. (i - 1)] end
  return list
end
function List:forward()
  local value
  for i, pair in ipairs(host.parts(self)) do
    if i == 1 then value = pair[2](unpack(self:originals())) else value = pair[2](value) end
  end
  return value
end

local function chains(module)
  for _, pair in ipairs(host.parts(module)) do if pair[1] == "parametrizations" then return pair[2] end end
end

--- nn.utils.parametrize.is_parametrized(module, name=nil)
function parametrize.is_parametrized(module, name)
  local all = chains(module)
  if not all then return false end
  return name == nil and #all > 0 or name ~= nil and all:get(name) ~= nil
end

local function inverse(part, ...)
  local f = part.right_inverse
  if type(f) ~= "function" then return ... end
  return f(part, ...)
end

--- nn.utils.parametrize.register_parametrization(module, name, part, {unsafe=false}): module[name] is part(original)
-- from
-- now on; a further one is put after those that are there. The part is a module; right_inverse(self, value), where its
-- class has one, gives the original (or several) from which the parametrized value is closest to the present one.
-- Unless unsafe, dtype and shape must stay. Returns the module.
function parametrize.register_parametrization(module, name, part, options)
  local unsafe = options and options.unsafe
  if not host.is_module(part) then
    error("register_parametrization: the parametrization must be a module, got a " .. type(part), 2)
  end
  local all = chains(module)
  local chain = all and all:get(name)
  if chain then
    chain[tostring(#chain)] = part
    if #chain.originals(chain) == 1 then
      torch.no_grad(function() chain.original:copy_(inverse(part, chain.original)) end)
    end
  else
    local found
    for _, e in ipairs(host.entries(module)) do
      if e[1] == name and e[2] ~= nil and e[3] ~= "derived" then found = e end
    end
    if not found then
      error(("register_parametrization: %s has no parameter or buffer '%s'"):format(module.kind, name), 2)
    end
    local value, role = found[2], found[3]
    part:train(module.training)
    local originals = { torch.no_grad(function() return inverse(part, value) end) }
    chain = List(#originals > 1 and #originals or nil)
    chain:train(module.training)
    for i, original in ipairs(originals) do
      local place = #originals > 1 and "original" .. (i - 1) or "original"
      host.set_entry(chain, place, role == "parameter" and parameter(original, value.requires_grad) or original, role)
    end
    chain["0"] = part
    -- checked before the module is touched
    local made = torch.no_grad(function() return chain() end)
    if not unsafe
      and (made.dtype ~= value.dtype or not torch.equal(torch.tensor(made.shape), torch.tensor(value.shape))) then
      error(("register_parametrization: '%s' would become %s %s, it is %s %s; unsafe = true allows it"):format(name,
        made.dtype,
        tostring(made.shape), value.dtype, tostring(value.shape)), 2)
    end
    if not all then
      module.parametrizations = container.ModuleDict {}
      all = chains(module)
    end
    derived.add(module, name, function(m) return chains(m):get(name)() end)
    all:update { { name, chain } }
  end
  return module
end

--- nn.utils.parametrize.remove_parametrizations(module, name, leave_parametrized=true): the parameter holds its present
-- value again, or, with false, the original (where there is one alone).
function parametrize.remove_parametrizations(module, name, leave)
  if type(leave) == "table" then leave = leave.leave_parametrized end
  if not parametrize.is_parametrized(module, name) then
    error(("remove_parametrizations: '%s' of %s has none"):format(tostring(name), module.kind), 2)
  end
  local all = chains(module)
  local chain = all:get(name)
  local originals = chain:originals()
  local value = originals[1]
  if leave ~= false then
    local present = torch.no_grad(function() return module[name] end)
    value = parameter(present:clone(), originals[1].requires_grad)
  elseif #originals > 1 then
    error("remove_parametrizations: leave_parametrized = false needs a single original", 2)
  end
  derived.remove(module, name, value)
  all:pop(name)
  if #all == 0 then module.parametrizations = nil end
  return module
end

-- Those that PyTorch brings ----------------------------------------------------------------------------------------

local provided = {}
parametrize.provided = provided

local WeightNorm = class "_WeightNorm"
function WeightNorm:init(dim) self.dim = dim end
function WeightNorm:forward(g, v) return torch._weight_norm(v, g, self.dim) end
function WeightNorm:right_inverse(weight) return torch.norm_except_dim(weight, 2, self.dim), weight end

--- nn.utils.parametrizations.weight_norm(module, {name="weight", dim=0}): keys parametrizations.weight.original0
-- (lengths)
-- and original1 (directions); files with weight_g and weight_v load too.
function provided.weight_norm(module, options)
  local o = type(options) == "table" and options or { name = options }
  local name, dim = o.name or "weight", o.dim == nil and 0 or o.dim or -1
  parametrize.register_parametrization(module, name, WeightNorm(dim), { unsafe = true })
  module:register_load_state_dict_pre_hook(function(_, state, prefix)
    for i, old in ipairs { "_g", "_v" } do
      local from = prefix .. name .. old
      if state[from] ~= nil then
        state[("%sparametrizations.%s.original%d"):format(prefix, name, i - 1)], state[from] = state[from], nil
      end
    end
  end)
  return module
end

-- The newer form starts its steps from v where the older one starts from u.
local function power(rows, u, v, iterations, eps)
  torch.no_grad(function()
    for _ = 1, iterations do
      u:copy_(norms.normalize(rows:mv(v), eps))
      v:copy_(norms.normalize(rows:t():mv(u), eps))
    end
  end)
end

local SpectralNorm = class "_SpectralNorm"
function SpectralNorm:init(weight, iterations, dim, eps)
  self.iterations, self.dim, self.eps = iterations, dim, eps
  if weight.ndim < 2 then return end
  local rows = norms.matrix(weight:detach(), dim)
  local function drawn(n)
    return norms.normalize(torch.randn({ n }, { dtype = rows.dtype, device = rows.device }), eps)
  end
  self:register_buffer("_u", drawn(rows:size(0)))
  self:register_buffer("_v", drawn(rows:size(1)))
  power(rows, self._u, self._v, 15, eps)
end
function SpectralNorm:forward(weight)
  if weight.ndim < 2 then return norms.normalize(weight, self.eps) end
  local rows = norms.matrix(weight, self.dim)
  if self.training then power(rows, self._u, self._v, self.iterations, self.eps) end
  return weight / torch.dot(self._u:clone(), rows:mv(self._v:clone()))
end
function SpectralNorm:right_inverse(value) return value end

--- nn.utils.parametrizations.spectral_norm(module, {name="weight", n_power_iterations=1, eps=1e-12, dim=})
function provided.spectral_norm(module, options)
  local o = type(options) == "table" and options or { name = options }
  local name = o.name or "weight"
  return parametrize.register_parametrization(module, name,
    SpectralNorm(module[name], o.n_power_iterations or 1, o.dim or norms.outputs_dim(module), o.eps or 1e-12))
end

return parametrize
