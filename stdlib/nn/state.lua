--- The state of a module: its tensors by PyTorch's dotted names, given and taken.
local host = require "host.module"
local hooks = require "nn.hooks"

local state = {}

-- A state in its order: a plain table of name -> tensor whose metatable holds the names in order, lets a for loop run
-- over it as it is, and has torch.save write an OrderedDict, as Python's state_dict() is one.
local function ordered()
  local names, i = {}, 0
  return setmetatable({}, {
    names = names, __keys = names, __python = "OrderedDict",
    __newindex = function(self, name, value)
      names[#names + 1] = name
      rawset(self, name, value)
    end,
    __call = function(self, _, last)
      if last == nil then i = 0 end
      repeat i = i + 1 until names[i] == nil or rawget(self, names[i]) ~= nil
      return names[i], names[i] and rawget(self, names[i])
    end,
  })
end

local function needs_walk(m)
  for _, pair in ipairs(m:named_modules()) do
    local own = host.hooks(pair[2])
    if own and (#own.state_pre > 0 or #own.state_post > 0) then return true end
    if rawget(host.fields(pair[2]), " class") and pair[2].get_extra_state then return true end
  end
  return false
end

local function gather(m, into, prefix, keep)
  hooks.each(m, "state_pre", function(f) f(m, prefix, keep) end)
  for _, pair in ipairs(host.state(m, prefix, keep, false)) do into[pair[1]] = pair[2] end
  if rawget(host.fields(m), " class") and m.get_extra_state then
    into[prefix .. "_extra_state"] = m:get_extra_state()
  end
  for _, pair in ipairs(host.parts(m)) do gather(pair[2], into, prefix .. pair[1] .. ".", keep) end
  hooks.each(m, "state_post", function(f)
    local other = f(m, into, prefix)
    if other ~= nil then into = other end
  end)
  return into
end

--- m:state_dict{destination=, prefix="", keep_vars=false}: { name = tensor } of all parameters and persistent buffers,
-- detached unless keep_vars; shared ones under each of their names. In a for loop it runs in PyTorch's order.
-- @usage for name, tensor in nn.Linear(2, 1):state_dict() do print(name, tensor.shape) end
function state.state_dict(m, options)
  options = options or {}
  for key in pairs(options) do
    if key ~= "destination" and key ~= "prefix" and key ~= "keep_vars" then
      error(("state_dict: unknown option '%s' (destination, prefix, keep_vars)"):format(tostring(key)), 2)
    end
  end
  local into, prefix, keep = options.destination or ordered(), options.prefix or "", options.keep_vars or false
  if needs_walk(m) then return gather(m, into, prefix, keep) end
  for _, pair in ipairs(host.state(m, prefix, keep)) do into[pair[1]] = pair[2] end
  return into
end

--- m:state_dict_names(): the names of the state, in order.
function state.names(m)
  local names = {}
  for name in state.state_dict(m) do names[#names + 1] = name end
  return names
end

-- Loading ----------------------------------------------------------------------------------------------------------

-- The table of tensors in what a file held: itself, or one level down under a usual name.
local function tensors_in(given)
  if type(given) ~= "table" then
    error("load_state_dict: expected a table of tensors by name, got a " .. type(given), 0)
  end
  local torch = require "torch"
  for _, value in pairs(given) do if torch.is_tensor(value) then return given end end
  for _, key in ipairs { "state_dict", "model_state_dict", "model", "module", "net", "params", "weights" } do
    local inner = rawget(given, key)
    if type(inner) == "table" then
      for _, value in pairs(inner) do
        if torch.is_tensor(value) then
          error(("load_state_dict: the tensors are one level down, under '%s': pass state.%s"):format(key, key), 0)
        end
      end
    end
  end
  return given
end

-- Names after `prefix` is taken off and `rename` (beginnings, or Lua patterns that start with ^, or a function)
-- applied.
local function renamer(options)
  local rename, prefix = options.rename, options.prefix
  local rules = {}
  if type(rename) == "table" then
    for from, to in pairs(rename) do rules[#rules + 1] = { from, to } end
    -- the longest beginning first, so that "layer1.0" goes before "layer1"
    table.sort(rules, function(a, b)
      if #a[1] ~= #b[1] then return #a[1] > #b[1] end
      return a[1] < b[1]
    end)
  end
  local used = {}
  return function(name)
    if prefix and name:sub(1, #prefix) == prefix then name = name:sub(#prefix + 1) end
    if type(rename) == "function" then return rename(name) end
    for _, rule in ipairs(rules) do
      local from, to = rule[1], rule[2]
      if from:sub(1, 1) == "^" then
        local changed, n = name:gsub(from, to)
        if n > 0 then
          used[from] = true
          return changed
        end
      elseif name == from or from == ""
        or (name:sub(1, #from) == from and (from:sub(-1) == "." or name:sub(#from + 1, #from + 1) == ".")) then
        used[from] = true
        return to and to .. name:sub(#from + 1)
      end
    end
    return name
  end, function()
    for _, rule in ipairs(rules) do
      if not used[rule[1]] then error(("load_state_dict: rename: no name begins with '%s'"):format(rule[1]), 0) end
    end
  end
end

local function known(options)
  local names = { strict = true, assign = true, rename = true, prefix = true }
  for key in pairs(options) do
    if not names[key] then
      error(("load_state_dict: unknown option '%s' (strict, assign, rename, prefix)"):format(tostring(key)), 0)
    end
  end
end

local function walk(m, prefix, before, after)
  before(m, prefix)
  for _, pair in ipairs(host.parts(m)) do walk(pair[2], prefix .. pair[1] .. ".", before, after) end
  after(m, prefix)
end

local function hooked(m)
  for _, pair in ipairs(m:named_modules()) do
    local own = host.hooks(pair[2])
    if own and (#own.load_pre > 0 or #own.load_post > 0) then return true end
  end
  return false
end

local report_meta = {
  __tostring = function(report)
    if report.text == "" then return "all keys matched" end
    return "weights do not fit all:" .. report.text
  end,
}

local function sorted_names(given)
  local meta = getmetatable(given)
  local names = {}
  if type(meta) == "table" and meta.names then
    for _, name in ipairs(meta.names) do if rawget(given, name) ~= nil then names[#names + 1] = name end end
    return names
  end
  for name in pairs(given) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

--- m:load_state_dict(state, {strict=true, assign=false, prefix="module.", rename={["old.name"]="new.name"}}): copies
-- tensors into the module by name. prefix is taken off the names that have it; rename maps beginnings of names (whole
-- parts), Lua patterns that start with ^, or is a function; false leaves a tensor out. Strict: anything missing,
-- unexpected or of another shape raises and changes nothing. Returns { missing_keys, unexpected_keys, mismatched_keys,
-- text }, which prints as a sentence.
-- @usage local a, b = nn.Linear(2, 1), nn.Linear(2, 1); print(b:load_state_dict(a:state_dict()))
function state.load_state_dict(m, given, options)
  options = options or {}
  if type(options) == "boolean" then options = { strict = options } end
  known(options)
  given = tensors_in(given)
  local new_name, check_rules = renamer(options)
  local torch = require "torch"
  local named, from = {}, {}
  for _, name in ipairs(sorted_names(given)) do
    local value = given[name]
    if type(name) ~= "string" then
      error(("load_state_dict: expected tensors by name, got a %s as a name"):format(type(name)), 0)
    end
    local now = new_name(name)
    if now and named[now] ~= nil then
      error(("load_state_dict: '%s' and '%s' are both '%s' after renaming"):format(from[now], name, now), 0)
    end
    if now then named[now], from[now] = value, name end
  end
  check_rules()
  local strict, with_hooks = options.strict ~= false, hooked(m)
  if with_hooks then
    walk(m, "", function(module, prefix)
      hooks.each(module, "load_pre", function(f) f(module, named, prefix, strict) end)
    end, function() end)
  end
  local list, extra = {}, {}
  for _, name in ipairs(sorted_names(named)) do
    if torch.is_tensor(named[name]) then
      list[#list + 1] = { name, named[name] }
    elseif name:match "_extra_state$" then
      extra[name] = named[name]
    else
      error(("load_state_dict: '%s' must be a tensor, got a %s"):format(name, type(named[name])), 0)
    end
  end
  local report = host.load(m, list, strict and not with_hooks, options.assign or false)
  setmetatable(report, report_meta)
  walk(m, "", function() end, function(module, prefix)
    local key = prefix .. "_extra_state"
    if extra[key] ~= nil and rawget(host.fields(module), " class") and module.set_extra_state then
      module:set_extra_state(extra[key])
      extra[key] = nil
    end
    hooks.each(module, "load_post", function(f)
      if f(module, report) ~= nil then
        error("a load_state_dict post hook must return nothing; it changes the report's lists", 0)
      end
    end)
  end)
  for key in pairs(extra) do report.unexpected_keys[#report.unexpected_keys + 1] = key end
  if strict and with_hooks and #report.missing_keys + #report.unexpected_keys + #report.mismatched_keys > 0 then
    error("weights do not fit " .. m.kind .. ":" .. report.text, 0)
  end
  return report
end

return state
