--- Modules with other tensors in their places, for one call.
local host = require "host.module"
local torch = require "torch"

local stateless = {}

local function places(module)
  local by_name, of_tensor = {}, {}
  for _, pair in ipairs(module:named_modules { remove_duplicate = false }) do
    for _, e in ipairs(host.entries(pair[2])) do
      if e[2] ~= nil and e[3] ~= "derived" then
        local place = { owner = pair[2], name = e[1], tensor = e[2], role = e[3],
          path = pair[1] == "" and e[1] or pair[1] .. "." .. e[1] }
        by_name[place.path] = place
        of_tensor[e[2]] = of_tensor[e[2]] or {}
        table.insert(of_tensor[e[2]], place)
      end
    end
  end
  return by_name, of_tensor
end

--- torch.func.functional_call(module, {name = tensor} or a list of such, args, kwargs, {tie_weights=true,
-- strict=false}):
-- the module's outputs with these tensors in the places of its parameters and buffers. What is shared in the module is
-- replaced together (tie_weights). strict: names must fit exactly. The module is unchanged afterwards, also on errors.
-- @usage local m = nn.Linear(2, 1); print(torch.func.functional_call(m, { weight = torch.ones(1, 2) }, torch.ones(1, 2)))
function stateless.functional_call(module, tensors, args, kwargs, options)
  local tie, strict = true, false
  for key, value in pairs(options or {}) do
    if key == "tie_weights" then tie = value
    elseif key == "strict" then strict = value
    else error(("functional_call: unknown option '%s' (tie_weights, strict)"):format(tostring(key)), 2) end
  end
  local given = {}
  for _, part in ipairs(#tensors > 0 and tensors or { tensors }) do
    for name, tensor in pairs(part) do
      if given[name] then error(("functional_call: '%s' is given twice"):format(name), 2) end
      given[name] = tensor
    end
  end
  local by_name, of_tensor = places(module)
  if strict then
    for name in pairs(by_name) do
      if given[name] == nil then error(("functional_call: '%s' is missing"):format(name), 2) end
    end
    for name in pairs(given) do
      if not by_name[name] then error(("functional_call: '%s' is unexpected"):format(name), 2) end
    end
  end
  local changes = {}
  for name, tensor in pairs(given) do
    local place = by_name[name]
    if place then
      for _, other in ipairs(tie and of_tensor[place.tensor] or { place }) do
        if other == place or given[other.path] == nil then
          changes[#changes + 1] = { place = other, tensor = tensor }
        elseif given[other.path] ~= tensor then
          error(("functional_call: '%s' and '%s' are one tensor in the module and are given two"):format(name,
            other.path), 2)
        end
      end
    elseif not strict then
      error(("functional_call: the module has no parameter or buffer '%s'"):format(name), 2)
    end
  end
  local inputs = {}
  if type(args) ~= "table" then args = { args } end
  for i, x in ipairs(args) do inputs[i] = x end
  if kwargs and next(kwargs) ~= nil then inputs[#inputs + 1] = kwargs end
  for _, change in ipairs(changes) do
    host.set_entry(change.place.owner, change.place.name, change.tensor, "derived")
  end
  local results = { pcall(module, unpack(inputs)) }
  for i = #changes, 1, -1 do
    local place = changes[i].place
    host.set_entry(place.owner, place.name, place.tensor, place.role)
  end
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

--- torch.func.stack_module_state(modules): parameters and buffers of equal modules, each stacked in a new first dim, as
-- two tables by name: what functional_call under vmap takes.
function stateless.stack_module_state(modules)
  if #modules == 0 then error("stack_module_state: no modules", 2) end
  local function stacked(method)
    local out = {}
    for _, pair in ipairs(modules[1][method](modules[1])) do
      local all = {}
      for i, module in ipairs(modules) do
        if module.kind ~= modules[1].kind or module.training ~= modules[1].training then
          error("stack_module_state: the modules must be of one class and mode", 3)
        end
        for _, own in ipairs(module[method](module)) do if own[1] == pair[1] then all[i] = own[2]:detach() end end
      end
      local tensor = torch.stack(all)
      if pair[2].requires_grad then tensor.requires_grad = true end
      out[pair[1]] = tensor
    end
    return out
  end
  return stacked "named_parameters", stacked "named_buffers"
end

return stateless
