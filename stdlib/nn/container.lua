--- Containers with PyTorch's keys: Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict.
local host = require "host.module"
local parameter = require "nn.parameter"

local container = {}

-- The children (or parameters) of a container as values, in order.
local function values(m)
  local list = {}
  for i, pair in ipairs(host.parts(m)) do list[i] = pair[2] end
  return list
end

local function number(m, from, list)
  for i = from, #list do m[i - 1] = list[i] end
end

local function check(m, i, part)
  if host.is_module(part) then return part end
  error(("nn.%s: part %d must be a module, got a %s"):format(m.kind, i, type(part)), 0)
end

-- Fills a new container: modules by number, or { name, module } pairs in their order.
local function fill(m, parts)
  for i, part in ipairs(parts) do
    if type(part) == "table" and type(part[1]) == "string" then
      m[part[1]] = check(m, i, part[2])
    else
      m[i - 1] = check(m, i, part) -- children count from 0, as PyTorch names them
    end
  end
  return m
end

-- The same values with numbers from 0 once more.
local function renumber(m, list)
  for _, pair in ipairs(host.parts(m)) do m[pair[1]] = nil end
  number(m, 1, list)
  return m
end

local function position(m, i, n, beyond)
  if type(i) ~= "number" then error(("nn.%s: a position must be a number, got a %s"):format(m.kind, type(i)), 3) end
  local at = i < 0 and i + n or i
  if at < 0 or at >= n + (beyond or 0) then
    error(("nn.%s: position %d is out of range; it has %d parts (0 to %d)"):format(m.kind, i, n,
      n - 1 + (beyond or 0)), 3)
  end
  return at
end

-- Bounds of a slice { from, to } or "from:to", as Python takes them.
local function bounds(key, n)
  local from, to
  if type(key) == "table" then from, to = key[1], key[2]
  else
    from, to = key:match "^%s*(%-?%d*)%s*:%s*(%-?%d*)%s*$"
    if not from then return nil end
    from, to = tonumber(from), tonumber(to)
  end
  local function clamp(i, fallback)
    if i == nil then return fallback end
    if i < 0 then i = i + n end
    return math.max(0, math.min(n, i))
  end
  return clamp(from, 0), clamp(to, n)
end

for _, kind in ipairs { "Sequential", "ModuleList" } do
  local M = host.methods(kind)
  --- seq:append(module): puts it last. Returns the container.
  function M.append(m, part)
    m[#m] = check(m, #m + 1, part)
    return m
  end
  --- seq:extend { modules } or another container.
  function M.extend(m, parts)
    local list = host.is_module(parts) and values(parts) or parts
    for _, part in ipairs(list) do M.append(m, part) end
    return m
  end
  --- seq:insert(i, module): before the part i; those after it move up.
  function M.insert(m, i, part)
    local list = values(m)
    table.insert(list, position(m, i, #list, 1) + 1, check(m, i, part))
    return renumber(m, list)
  end
  --- seq:pop(i=-1): takes a part out and returns it; those after it move down.
  function M.pop(m, i)
    local list = values(m)
    local part = table.remove(list, position(m, i or -1, #list) + 1)
    renumber(m, list)
    return part
  end
  --- seq:slice(from, to), seq["1:3"], seq[{1, 3}]: a container of the same parts. A Sequential's keep their names.
  function M.slice(m, from, to) return M.at(m, { from, to }) end
  function M.at(m, key)
    local parts = host.parts(m)
    local from, to = bounds(key, #parts)
    if not from then return nil end
    local new = host.make(kind)
    for i = from + 1, to do
      if kind == "Sequential" then new[parts[i][1]] = parts[i][2] else new[#new] = parts[i][2] end
    end
    return new
  end
  --- for i, part in seq:iter() do: parts with their numbers, from 0.
  function M.iter(m)
    local list, i = values(m), -1
    return function()
      i = i + 1
      if list[i + 1] then return i, list[i + 1] end
    end
  end
end

--- Modules one after the other: nn.Sequential(a, b, c), nn.Sequential { a, b, c } or, with names,
-- nn.Sequential { { "conv", a }, { "relu", b } }. seq[0] is the first.
-- @usage local net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
function container.Sequential(first, ...)
  local parts = type(first) == "table" and first or { first, ... }
  return fill(host.make "Sequential", parts)
end

--- A list of modules that registers them.
-- @usage local layers = nn.ModuleList { nn.Linear(4, 4), nn.Linear(4, 4) }
function container.ModuleList(parts)
  if host.is_module(parts) then parts = values(parts) end
  return fill(host.make "ModuleList", parts or {})
end

-- Pairs of a table: a list of { name, value } in its order, or plain keys sorted.
local function ordered(parts)
  if host.is_module(parts) then return host.parts(parts) end
  local list = {}
  if type(parts[1]) == "table" then return parts end
  for name in pairs(parts) do list[#list + 1] = { name, parts[name] } end
  table.sort(list, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  return list
end

local function dictionary(kind, items, put)
  local M = host.methods(kind)
  --- d:get(key, default): also for a key that is a method's name.
  function M.get(m, key, default)
    for _, pair in ipairs(items(m)) do if pair[1] == key then return pair[2] end end
    return default
  end
  function M.contains(m, key) return M.get(m, key) ~= nil end
  --- d:keys(): in order of registration. d:values() and d:items() (pairs) likewise.
  function M.keys(m)
    local list = {}
    for i, pair in ipairs(items(m)) do list[i] = pair[1] end
    return list
  end
  function M.values(m)
    local list = {}
    for i, pair in ipairs(items(m)) do list[i] = pair[2] end
    return list
  end
  function M.items(m) return items(m) end
  --- d:update { key = value } or { { key, value }, ... }: adds, or replaces in place.
  function M.update(m, more)
    for _, pair in ipairs(ordered(more)) do put(m, pair[1], pair[2]) end
    return m
  end
  --- d:pop(key): takes it out and returns it.
  function M.pop(m, key)
    local value = M.get(m, key)
    if value == nil then
      error(("nn.%s: no key '%s' (%s)"):format(kind, tostring(key), table.concat(M.keys(m), ", ")), 2)
    end
    m[key] = nil
    return value
  end
  function M.clear(m) for _, key in ipairs(M.keys(m)) do m[key] = nil end end
end

local function put_module(m, key, part)
  if not host.is_module(part) then
    error(("nn.ModuleDict: '%s' must be a module, got a %s"):format(tostring(key), type(part)), 0)
  end
  m[key] = part
end
dictionary("ModuleDict", host.parts, put_module)

--- Modules by name: nn.ModuleDict { a = ..., b = ... } (sorted by name) or { { "b", ... }, { "a", ... } } in that
-- order.
-- @usage local d = nn.ModuleDict { act = nn.ReLU() }; print(d.act, #d, d:keys()[1])
function container.ModuleDict(parts) return host.make("ModuleDict"):update(parts or {}) end

local function entries(m)
  local list = {}
  for _, e in ipairs(host.entries(m)) do if e[2] ~= nil then list[#list + 1] = { e[1], e[2] } end end
  return list
end

local function put_parameter(m, key, value)
  if not host.is_parameter(value) then value = parameter(value) end
  host.set_entry(m, tostring(key), value, "parameter")
end
dictionary("ParameterDict", entries, put_parameter)

--- Parameters by name; tensors become parameters.
-- @usage local d = nn.ParameterDict { scale = torch.ones(1) }; print(d.scale.requires_grad)
function container.ParameterDict(parts) return host.make("ParameterDict"):update(parts or {}) end

local list = host.methods "ParameterList"
--- list:append(tensor), list:extend { tensors }
function list.append(m, value)
  put_parameter(m, #m, value)
  return m
end
function list.extend(m, more)
  for _, value in ipairs(more) do list.append(m, value) end
  return m
end

--- A list of parameters; tensors become parameters. list[0] is the first.
-- @usage local l = nn.ParameterList { torch.ones(2), torch.ones(3) }; print(#l, l[1].shape)
function container.ParameterList(parts) return host.make("ParameterList"):extend(parts or {}) end

return container
