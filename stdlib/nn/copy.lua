--- nn.copy(module): another of the same class with copies of everything in it: tensors (shared ones stay shared within
-- the copy), parts, plain fields, hooks (the same functions). Draws no random numbers.
-- @usage local a = nn.Linear(2, 2); local b = nn.copy(a); print(torch.equal(a.weight, b.weight))
local host = require "host.module"
local torch = require "torch"

local fill

local function value(x, memo)
  if memo[x] ~= nil then return memo[x] end
  if torch.is_tensor(x) then
    local new = x:detach():clone()
    if x.is_leaf and x.requires_grad then new.requires_grad = true end
    if host.is_parameter(x) then host.mark_parameter(new) end
    if x.is_leaf and x.grad then new.grad = x.grad:detach():clone() end
    memo[x] = new
    return new
  elseif host.is_module(x) then
    return fill(host.remake(x), x, memo)
  elseif type(x) == "table" then
    local new = {}
    memo[x] = new
    for k, v in pairs(x) do new[value(k, memo)] = value(v, memo) end
    return setmetatable(new, getmetatable(x))
  end
  return x
end

-- Makes `into`, of the same class, equal to `from`. Parts that its own code made are filled rather than replaced.
function fill(into, from, memo)
  memo[from] = into
  host.methods "*".train(into, from.training)
  for _, e in ipairs(host.entries(from)) do host.set_entry(into, e[1], e[2] and value(e[2], memo), e[3]) end
  local own = {}
  for _, pair in ipairs(host.parts(into)) do own[pair[1]] = pair[2] end
  for _, pair in ipairs(host.parts(from)) do
    local name, part = pair[1], pair[2]
    if memo[part] == nil and own[name] and own[name].kind == part.kind then fill(own[name], part, memo)
    else into[name] = value(part, memo) end
    own[name] = nil
  end
  for name in pairs(own) do into[name] = nil end
  local fields = host.fields(into)
  for k, v in pairs(host.fields(from)) do
    if not (type(k) == "string" and k:sub(1, 1) == " ") then fields[k] = value(v, memo) end
  end
  fields[" derive"] = rawget(host.fields(from), " derive")
  local hooks = host.hooks(from)
  if hooks then
    local new = {}
    for list, entries in pairs(hooks) do new[list] = { unpack(entries) } end
    host.set_hooks(into, new)
  end
  return into
end

return function(module)
  if not host.is_module(module) then error("nn.copy: expected a module, got a " .. type(module), 2) end
  local state = torch.get_rng_state()
  local done, result = pcall(function() return torch.no_grad(function() return value(module, {}) end) end)
  torch.set_rng_state(state)
  if not done then error(result, 0) end
  return result
end
