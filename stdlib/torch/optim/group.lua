--- Parameter groups: what an optimizer is given, as a list of { params = { ... }, lr = ..., ... }.
local is_tensor = require "host.tensor".is_tensor

local group = {}

local function is_pair(x) return type(x) == "table" and type(x[1]) == "string" and is_tensor(x[2]) end

-- A group's params: one tensor, a list of tensors, or a list of { name, tensor } as module:named_parameters() gives.
local function read(params, who, differentiable)
  if is_tensor(params) then params = { params } end
  if type(params) ~= "table" then
    error(("%s: a group's params must be tensors, got a %s"):format(who, type(params)), 0)
  end
  local tensors, names = {}, {}
  for i, item in ipairs(params) do
    if is_pair(item) then
      names[#names + 1] = item[1]
      item = item[2]
    end
    if not is_tensor(item) then
      error(("%s: optimizer can only optimize Tensors, but one of the params is a %s (item %d)")
        :format(who, type(item), i), 0)
    end
    if not differentiable and not item.is_leaf and not item.retains_grad then
      error(("%s: can't optimize a non-leaf Tensor (item %d): it was computed from others"):format(who, i), 0)
    end
    tensors[i] = item
  end
  if #names > 0 and #names ~= #tensors then
    error(who .. ": all optimizer params should be with/without names. Some param names are missing", 0)
  end
  return tensors, #names > 0 and names or nil
end

--- The groups that an optimizer's first argument means.
-- @param params a list of tensors, of { name, tensor }, or of groups
-- @return list of groups, each { params = ..., options }
function group.list(params, who)
  if is_tensor(params) then
    error(who .. ": params argument given to the optimizer should be an iterable of Tensors or dicts, "
      .. "but got a tensor; "
      .. "{ tensor } is a list of one", 0)
  elseif type(params) ~= "table" then
    error(("%s: params must be a list of tensors or groups, as model:parameters() gives, got a %s")
      :format(who, type(params)), 0)
  elseif params.params ~= nil then
    error(who .. ": a group stands in a list: { { params = ... } }", 0)
  elseif #params == 0 then
    error(who .. ": optimizer got an empty parameter list", 0)
  end
  local first = params[1]
  if is_tensor(first) or is_pair(first) or type(first) ~= "table" then return { { params = params } } end
  return params
end

--- Adds a group to an optimizer's: options that it does not give are the optimizer's defaults.
-- Errors: no tensors, not leaves, a parameter met before, names for some parameters only.
function group.add(optimizer, given)
  local who = optimizer.name
  if type(given) ~= "table" or is_tensor(given) then
    error(who .. ": param_group must be a table { params = ... }", 0)
  end
  if given.params == nil then error(who .. ": a group needs params", 0) end
  local new = {}
  for key, value in pairs(given) do new[key] = value end
  new.params, new.param_names = read(given.params, who, optimizer.defaults.differentiable)
  for key, value in pairs(optimizer.defaults) do
    if new[key] == nil then new[key] = value end
  end
  for key, value in pairs(new) do -- a table such as betas is the group's own
    if key ~= "params" and type(value) == "table" then new[key] = { unpack(value) } end
  end
  for key, value in pairs(new) do
    if value == torch.None then new[key] = nil end
  end
  local here = {}
  for _, parameter in ipairs(new.params) do
    if here[parameter] then
      error(who .. ": optimizer contains a parameter group with duplicate parameters", 0)
    end
    here[parameter] = true
  end
  for _, known in ipairs(optimizer.param_groups) do
    if (known.param_names == nil) ~= (new.param_names == nil) then
      error(("%s: all optimizer param groups should be with/without names. "
        .. "cannot add param group %s names to the optimizer")
        :format(who, new.param_names and "with" or "without"), 0)
    end
    for _, parameter in ipairs(known.params) do
      if here[parameter] then error(who .. ": some parameters appear in more than one parameter group", 0) end
    end
  end
  optimizer.check(new, who)
  optimizer.param_groups[#optimizer.param_groups + 1] = new
  return new
end

return group
