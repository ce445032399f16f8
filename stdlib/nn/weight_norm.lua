--- Weight norm (Salimans and Kingma 2016) and spectral norm (Miyato et al. 2018) under PyTorch's older keys:
-- weight_g and weight_v; weight_orig, weight_u and weight_v.
local torch = require "torch"
local derived = require "nn.derived"
local host = require "host.module"
local parameter = require "nn.parameter"

local norms = {}

local function named(options, dim)
  if type(options) == "table" then return options.name or "weight", options end
  return options or "weight", { dim = dim }
end

local function has(module, name, role)
  for _, e in ipairs(host.entries(module)) do if e[1] == name and e[3] == role and e[2] ~= nil then return true end end
  return false
end

local function need(module, name, role, who, what)
  if has(module, name, role) then return end
  error(("%s: %s has no %s '%s'"):format(who, module.kind, what or "parameter", name), 3)
end

local function drop(module, name) host.set_entry(module, name, nil, "parameter") end

--- nn.utils.weight_norm(module, {name="weight", dim=0}): the weight is g v / |v|, with g = weight_g (a length for each
-- index of dim; one for all where dim is false) and v = weight_v. Returns the module.
-- @usage local m = nn.utils.weight_norm(nn.Linear(4, 2)); print(m.weight_g.shape)
function norms.weight_norm(module, options, dim)
  local name, o = named(options, dim)
  need(module, name, "parameter", "weight_norm")
  local weight, along = module[name], o.dim == nil and 0 or o.dim or -1
  if along < -1 then along = along + weight.ndim end
  local g, v = parameter(torch.norm_except_dim(weight, 2, along)), parameter(weight)
  derived.add(module, name, function(m) return torch._weight_norm(m[name .. "_v"], m[name .. "_g"], along) end)
  host.set_entry(module, name .. "_g", g, "parameter")
  host.set_entry(module, name .. "_v", v, "parameter")
  return module
end

--- nn.utils.remove_weight_norm(module, name="weight"): the weight is a parameter again, with its present value.
function norms.remove_weight_norm(module, name)
  name = name or "weight"
  need(module, name .. "_g", "parameter", "remove_weight_norm", "weight norm of")
  local weight = parameter(module[name])
  derived.remove(module, name, weight)
  drop(module, name .. "_g")
  drop(module, name .. "_v")
  return module
end

local function normalize(x, eps) return x / x:norm():clamp_min(eps) end
norms.normalize = normalize

--- norms.matrix(weight, dim): the weight as a matrix whose rows are the indices of dim.
function norms.matrix(weight, dim) return (dim == 0 and weight or weight:transpose(0, dim)):flatten(1) end

--- One step of the power method on u [rows] and v [columns], in place.
function norms.power(matrix, u, v, iterations, eps)
  torch.no_grad(function()
    for _ = 1, iterations do
      v:copy_(normalize(matrix:t():mv(u), eps))
      u:copy_(normalize(matrix:mv(v), eps))
    end
  end)
end

--- The dim that counts outputs: 1 for transposed convolutions.
function norms.outputs_dim(module) return module.kind:match "^ConvTranspose" and 1 or 0 end

--- nn.utils.spectral_norm(module, {name="weight", n_power_iterations=1, eps=1e-12, dim=}): the weight over its largest
-- singular value, which steps of the power method follow while training. Returns the module.
-- @usage local m = nn.utils.spectral_norm(nn.Linear(4, 2)); m(torch.ones(1, 4))
function norms.spectral_norm(module, options)
  local name, o = named(options)
  need(module, name, "parameter", "spectral_norm")
  local iterations, eps, dim = o.n_power_iterations or 1, o.eps or 1e-12, o.dim or norms.outputs_dim(module)
  if iterations < 1 then error("spectral_norm: n_power_iterations must be positive, got " .. iterations, 2) end
  local weight = module[name]
  local rows = norms.matrix(weight, dim):detach()
  local u = normalize(torch.randn({ rows:size(0) }, { dtype = rows.dtype, device = rows.device }), eps)
  local v = normalize(torch.randn({ rows:size(1) }, { dtype = rows.dtype, device = rows.device }), eps)
  derived.add(module, name, function(m)
    local original = m[name .. "_orig"]
    local left, right = m[name .. "_u"], m[name .. "_v"]
    return original / torch.dot(left:clone(), norms.matrix(original, dim):mv(right:clone()))
  end)
  host.set_entry(module, name .. "_orig", parameter(weight), "parameter")
  host.set_entry(module, name .. "_u", u, "buffer")
  host.set_entry(module, name .. "_v", v, "buffer")
  module:register_forward_pre_hook(function(m)
    if m.training and has(m, name .. "_orig", "parameter") then
      norms.power(norms.matrix(m[name .. "_orig"], dim), m[name .. "_u"], m[name .. "_v"], iterations, eps)
    end
  end, { prepend = true })
  return module
end

--- nn.utils.remove_spectral_norm(module, name="weight"): the weight is a parameter again, with its present value.
function norms.remove_spectral_norm(module, name)
  name = name or "weight"
  need(module, name .. "_orig", "parameter", "remove_spectral_norm", "spectral norm of")
  derived.remove(module, name, parameter(module[name]))
  drop(module, name .. "_orig")
  drop(module, name .. "_u")
  drop(module, name .. "_v")
  return module
end

return norms
