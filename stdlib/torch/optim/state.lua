--- An optimizer's state as plain data: PyTorch's layout, and the same flat, for files of tensors.
local is_tensor = require "host.tensor".is_tensor

local state = {}

-- A copy of a value: tables anew, tensors by `f(tensor, key)`.
local function copy(value, f, key)
  if is_tensor(value) then return f(value, key) end
  if type(value) ~= "table" then return value end
  local out = {}
  for k, item in pairs(value) do out[k] = copy(item, f, k) end
  return setmetatable(out, getmetatable(value))
end

local function same(x) return x end

-- What torch.save writes tables as where their keys do not tell (torch.serialization).
local dict_meta, tuple_meta = { __python = "dict" }, { __python = "tuple" }

--- { state = { [0] = { step = ..., ... } }, param_groups = { { lr = ..., params = { 0, 1 } } } }: parameters are
-- counted from 0 over all groups. The tensors are the optimizer's own, not copies.
function state.dict(optimizer)
  local place, count, groups, states = {}, 0, {}, {}
  for g, group in ipairs(optimizer.param_groups) do
    local packed = {}
    for key, value in pairs(group) do
      if key ~= "params" then packed[key] = copy(value, same) end
      if type(value) == "table" and key ~= "params" and key ~= "param_names" then
        setmetatable(packed[key], tuple_meta)
      end
    end
    for _, field in ipairs(optimizer.fields) do
      if packed[field[1]] == nil then packed[field[1]] = torch.None end
    end
    packed.params = {}
    for i, parameter in ipairs(group.params) do
      place[parameter], packed.params[i] = count, count
      count = count + 1
    end
    groups[g] = packed
  end
  for key, value in pairs(optimizer.state) do
    states[place[key] or key] = next(value) == nil and setmetatable({}, dict_meta) or copy(value, same)
  end
  return { state = setmetatable(states, dict_meta), param_groups = groups }
end

--- Puts such a table back, whoever wrote it. Tensors are copied, to the device of their parameter and, where that is a
-- floating one, to its dtype; a step count keeps its own.
-- Errors: another number of groups, or a group of another size.
function state.load(optimizer, dict)
  local who = optimizer.name
  if type(dict) ~= "table" or type(dict.param_groups) ~= "table" or type(dict.state) ~= "table" then
    error(who .. ": load_state_dict needs { state = ..., param_groups = ... }", 0)
  end
  local groups = optimizer.param_groups
  if #groups ~= #dict.param_groups then
    error(("%s: loaded state dict has a different number of parameter groups (%d, here %d)")
      :format(who, #dict.param_groups, #groups), 0)
  end
  local at, options = {}, {}
  for g, group in ipairs(groups) do
    local saved = dict.param_groups[g]
    if #saved.params ~= #group.params then
      error(("%s: loaded state dict contains a parameter group that doesn't match the size of optimizer's group "
        .. "(group %d: %d, here %d)")
        :format(who, g, #saved.params, #group.params), 0)
    end
    for i, number in ipairs(saved.params) do at[number], options[number] = group.params[i], saved end
  end
  local states = {}
  for number, entry in pairs(dict.state) do
    local parameter = at[number]
    if parameter then
      local saved = options[number]
      local floating = parameter:is_floating_point()
      states[parameter] = copy(entry, function(x, key)
        if key == "step" then
          if saved.capturable == true or saved.fused == true then
            return x:to { device = parameter.device, dtype = "float32", copy = true }
          end
          return x:clone()
        end
        x = x:to { device = parameter.device, dtype = floating and parameter.dtype or x.dtype, copy = true }
        if x.layout ~= "strided" or x.ndim == 0 or x.shape ~= parameter.shape then return x end
        return torch.empty_like(parameter:detach(), { dtype = x.dtype }):copy_(x) -- it lies in memory as its parameter
      end)
      -- files from before PyTorch 1.12 count in plain numbers
      local step = type(entry) == "table" and entry.step
      if type(step) == "number" and not optimizer.counts_numbers then
        states[parameter].step = torch.scalar_tensor(step)
      end
    else
      states[number] = copy(entry, function(x) return x:clone() end)
    end
  end
  keep(states)
  for g, group in ipairs(groups) do
    local new = { params = group.params, param_names = group.param_names }
    for key, default in pairs(optimizer.defaults) do new[key] = default end
    for key, value in pairs(dict.param_groups[g]) do
      if key ~= "params" then new[key] = copy(value, function(x) return keep(x:clone()) end) end
    end
    for key, value in pairs(new) do
      if value == torch.None then new[key] = nil end
    end
    for key in pairs(group) do group[key] = nil end -- the group stays the table that others hold
    for key, value in pairs(new) do group[key] = value end
  end
  optimizer:set_state(states)
  if optimizer.loaded then
    for _, group in ipairs(groups) do optimizer:loaded(group) end
  end
end

--- A state dict as tensors by name and the rest as plain data (JSON takes it): for a safetensors file and its twin.
-- The names are paths: "state.0.exp_avg", "param_groups.1.lr".
-- @return { name = tensor }, plain table
function state.flatten(dict)
  local tensors = {}
  local function walk(value, path)
    if is_tensor(value) then
      tensors[path] = value
      return nil
    elseif type(value) ~= "table" then
      return value
    end
    local list, out = #value > 0, {}
    for key, item in pairs(value) do
      if type(key) ~= "number" or is_tensor(item) or key < 1 or key > #value then list = false end
    end
    for key, item in pairs(value) do
      out[list and key or tostring(key)] = walk(item, path == "" and tostring(key) or path .. "." .. tostring(key))
    end
    return out
  end
  return tensors, walk(dict, "")
end

--- The state dict that flatten took apart.
function state.unflatten(tensors, plain)
  local function number_keys(value)
    if type(value) ~= "table" then return value end
    local out = {}
    for key, item in pairs(value) do out[tonumber(key) or key] = number_keys(item) end
    return out
  end
  local dict = number_keys(plain)
  for path, tensor in pairs(tensors) do
    local here, last = dict, nil
    for part in path:gmatch "[^.]+" do
      local key = tonumber(part) or part
      if last ~= nil then
        here[last] = here[last] or {}
        here = here[last]
      end
      last = key
    end
    here[last] = tensor
  end
  return dict
end

return state
