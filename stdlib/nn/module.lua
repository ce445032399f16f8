--- The methods that every module has, beside those that the host gives it (train, eval, to, zero_grad, ...).
-- Lists of parts (m:parameters(), m:named_modules(), ...) are tables that also run in a for loop as they are:
-- for name, p in m:named_parameters() do ... end.
local host = require "host.module"
local hooks = require "nn.hooks"
local state = require "nn.state"

local M = host.methods "*"

-- A list that a for loop takes as it is: an item at a time, the two halves of a pair where `pairs_of`.
local function each(list, pairs_of)
  local i = 0
  return setmetatable(list, {
    __call = function(_, _, last)
      if last == nil then i = 0 end
      i = i + 1
      local item = list[i]
      if not pairs_of or item == nil then return item end
      return item[1], item[2]
    end,
  })
end

local function seconds(list)
  local values = {}
  for i, pair in ipairs(list) do values[i] = pair[2] end
  return each(values, false)
end

-- Arguments of the named_ functions: in PyTorch's order, or by name in a table.
local function walk(prefix, recurse, unique)
  if type(prefix) == "table" then
    for key in pairs(prefix) do
      if key ~= "prefix" and key ~= "recurse" and key ~= "remove_duplicate" then
        error(("unknown option '%s' (prefix, recurse, remove_duplicate)"):format(tostring(key)), 3)
      end
    end
    return prefix.prefix, prefix.recurse, prefix.remove_duplicate
  end
  return prefix, recurse, unique
end

--- m:named_parameters{prefix="", recurse=true, remove_duplicate=true}: pairs of dotted name and tensor.
-- @usage for name, p in nn.Linear(2, 1):named_parameters() do print(name, p.shape) end
function M.named_parameters(m, ...) return each(host.parameters(m, walk(...)), true) end
--- m:named_buffers{prefix="", recurse=true, remove_duplicate=true}
function M.named_buffers(m, ...) return each(host.buffers(m, walk(...)), true) end
--- m:parameters{recurse=true}: the tensors alone, shared ones once.
function M.parameters(m, recurse)
  if type(recurse) == "table" then recurse = recurse.recurse end
  return seconds(host.parameters(m, nil, recurse))
end
--- m:buffers{recurse=true}
function M.buffers(m, recurse)
  if type(recurse) == "table" then recurse = recurse.recurse end
  return seconds(host.buffers(m, nil, recurse))
end

--- m:named_children(): pairs of name and child, its own alone; a child under two names once.
function M.named_children(m)
  local list, seen = {}, {}
  for _, pair in ipairs(host.parts(m)) do
    if not seen[pair[2]] then
      seen[pair[2]] = true
      list[#list + 1] = pair
    end
  end
  return each(list, true)
end
--- m:children(): the modules that are its own parts.
function M.children(m) return seconds(M.named_children(m)) end

--- m:named_modules{prefix="", remove_duplicate=true}: itself (under the prefix) and all below, with dotted names.
function M.named_modules(m, options)
  options = options or {}
  local list, seen, unique = {}, {}, options.remove_duplicate ~= false
  local function enter(path, module)
    if unique and seen[module] then return end
    seen[module] = true
    list[#list + 1] = { path, module }
    for _, pair in ipairs(host.parts(module)) do enter(path == "" and pair[1] or path .. "." .. pair[1], pair[2]) end
  end
  enter(options.prefix or "", m)
  return each(list, true)
end
--- m:modules(): itself and all modules below.
function M.modules(m) return seconds(M.named_modules(m)) end

-- The parts of a dotted name ---------------------------------------------------------------------------------------

local function names(list, what)
  local all = {}
  for i, item in ipairs(list) do all[i] = item[1] end
  return #all == 0 and ("it has no " .. what) or what .. ": " .. table.concat(all, ", ")
end

--- m:get_submodule "layer1.0.conv1"; "" is m itself. An unknown name raises and lists what is there.
function M.get_submodule(m, path)
  local at = m
  for name in path:gmatch "[^.]+" do
    local found
    for _, pair in ipairs(host.parts(at)) do if pair[1] == name then found = pair[2] end end
    if not found then
      error(("%s has no submodule '%s' (in '%s'); %s"):format(at.kind, name, path, names(host.parts(at), "parts")), 2)
    end
    at = found
  end
  return at
end

--- m:set_submodule(path, module): puts another module there.
function M.set_submodule(m, path, module)
  local above, name = path:match "^(.*)%.([^.]+)$"
  if path == "" then error("set_submodule: the path is empty", 2) end
  M.get_submodule(m, above or "")[name or path] = module
end

local function entry(m, path, buffer)
  local above, name = path:match "^(.*)%.([^.]+)$"
  local owner = M.get_submodule(m, above or "")
  local found = {}
  for _, e in ipairs(host.entries(owner)) do
    if (e[3] == "buffer" or e[3] == "passing") == buffer and e[3] ~= "derived" then
      found[#found + 1] = e
      if e[1] == (name or path) then return e[2] end
    end
  end
  error(("%s has no %s '%s'; %s"):format(owner.kind, buffer and "buffer" or "parameter", name or path,
    names(found, buffer and "buffers" or "parameters")), 3)
end
--- m:get_parameter "fc.weight"
function M.get_parameter(m, path) return entry(m, path, false) end
--- m:get_buffer "bn.running_mean"
function M.get_buffer(m, path) return entry(m, path, true) end

-- Registering ------------------------------------------------------------------------------------------------------

local function known(m, name, role)
  for _, pair in ipairs(host.parts(m)) do
    if pair[1] == name then error(("%s: '%s' is registered already"):format(m.kind, name), 3) end
  end
  for _, e in ipairs(host.entries(m)) do
    if e[1] == name and (e[3] == "parameter") ~= (role == "parameter") and e[3] ~= "derived" then
      error(("%s: '%s' is registered already"):format(m.kind, name), 3)
    end
  end
end

--- m:register_parameter(name, tensor or nil): the tensor itself, made to require a gradient; nil registers an absent
-- one.
function M.register_parameter(m, name, tensor)
  known(m, name, "parameter")
  if tensor ~= nil and not host.is_parameter(tensor) then
    if not tensor.is_leaf then error(("%s: a computed tensor cannot be the parameter '%s'"):format(m.kind, name), 2) end
    tensor.requires_grad = true
  end
  host.set_entry(m, name, tensor, "parameter")
end
--- m:register_buffer(name, tensor or nil, persistent=true): part of the state unless persistent is false.
function M.register_buffer(m, name, tensor, persistent)
  if type(persistent) == "table" then persistent = persistent.persistent end
  known(m, name, "buffer")
  host.set_entry(m, name, tensor, persistent == false and "passing" or "buffer")
end
--- m:register_module(name, module): as m[name] = module.
function M.register_module(m, name, module)
  if module == nil then return end
  if not host.is_module(module) then
    error(("%s: '%s' must be a module, got a %s"):format(m.kind, name, type(module)), 2)
  end
  m[name] = module
end
M.add_module = M.register_module

-- All at once ------------------------------------------------------------------------------------------------------

--- m:apply(f): f(module) on everything below, itself last. Returns m.
function M.apply(m, f)
  for _, pair in ipairs(M.named_children(m)) do M.apply(pair[2], f) end
  f(m)
  return m
end

local function matching(m, patterns, on, who)
  if type(patterns) == "string" then patterns = { patterns } end
  for _, pattern in ipairs(patterns) do
    local n = 0
    for _, pair in ipairs(host.parameters(m)) do
      local name = pair[1]
      if name:find(pattern) == 1 or name == pattern or name:sub(1, #pattern + 1) == pattern .. "." then
        pair[2].requires_grad = on
        n = n + 1
      end
    end
    if n == 0 then
      local all = {}
      for i, pair in ipairs(host.parameters(m)) do all[i] = pair[1] end
      error(("%s: no parameter begins with '%s'; parameters: %s"):format(who, pattern, table.concat(all, ", ")), 3)
    end
  end
  return m
end
--- m:freeze(), m:freeze "layer1", m:freeze { "^conv%d", "bn1" }: no gradient for all parameters, or for those whose
-- name
-- begins with a name or a Lua pattern. One that fits nothing raises.
function M.freeze(m, patterns)
  if patterns then return matching(m, patterns, false, "freeze") end
  return m:requires_grad_(false)
end
--- m:unfreeze(), m:unfreeze "head": the reverse.
function M.unfreeze(m, patterns)
  if patterns then return matching(m, patterns, true, "unfreeze") end
  return m:requires_grad_(true)
end

for method, dtype in pairs { half = "float16", bfloat16 = "bfloat16", float = "float32", double = "float64" } do
  -- complex values keep their kind: these concern floating ones alone
  M[method] = function(m) return m:to(dtype) end
end
--- m:type(dtype): all parameters and buffers of floating values.
function M.type(m, dtype) return m:to(dtype) end
function M.cpu(m) return m:to "cpu" end
function M.cuda(m, index) return m:to(index and ("cuda:%d"):format(index) or "cuda") end

--- m:forward(...): what the module computes, without its hooks. Call m(...) instead.
function M.forward(m, ...) return host.run(m, ...) end

function M.extra_repr() return "" end

M.state_dict, M.state_dict_names, M.load_state_dict = state.state_dict, state.names, state.load_state_dict
for name, method in pairs(hooks.methods) do M[name] = method end
M.taps = require "nn.taps"

return M
