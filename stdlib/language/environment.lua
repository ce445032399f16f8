--- What a script can name: the constructors, the words of the language, and the parts of Lua that are pure.
--
-- No clock, no unseeded randomness, no writing of files: a script is a function of its overrides and of recorded
-- env() reads. `pairs` and `next` go in written order where it is known, else through sorted keys.

local nearest = require "language.nearest"
local node = require "language.node"
local order = require "language.order"
local site = require "language.site"
local knobs = require "language.knobs"
local user_files = require "language.user_files"

local environment = {}

-- Bare names are looked for in this order; prefixes give every folder.
local bare_folders = { "loss", "optim", "balance", "metric", "data", "augment" }

local pure = "; a script is a function of its overrides: no clock, no unseeded randomness, no files"
local forbidden = {}
for _, name in ipairs { "os", "io", "debug", "package", "load", "loadstring", "loadfile", "dofile", "jit", "ffi",
                        "collectgarbage", "newproxy", "getfenv", "setfenv", "module" } do
  forbidden[name] = ("'%s' is not available in a script%s"):format(name, pure)
end

-- Words of other languages.
local elsewhere = { None = "nil", null = "nil", undefined = "nil", True = "true", False = "false", elif = "elseif",
                    len = "#list", str = "tostring", float = "tonumber", dict = "a table { key = value }" }

-- Folders whose constructors are named with them.
local prefixed = { head = true, vision = true, text = true, path = true, plot = true }

-- Globals of the host that functions in a script may use.
local host_names = { torch = true, nn = true, scope = true, keep = true, memory = true }

local function library(from, name, without)
  local result = {}
  for key, value in pairs(from) do
    if not without[key] then result[key] = value end
  end
  return setmetatable(result, { __index = function(_, key)
    local session = site.session
    local message = without[key] and ("'%s.%s' is not available in a script%s"):format(name, key, pure)
    if not message then
      local names = {}
      for known in pairs(result) do names[#names + 1] = known end
      table.sort(names)
      message = ("unknown name '%s.%s'%s"):format(name, tostring(key), nearest.did_you_mean(tostring(key), names))
    end
    if not session then error(message, 2) end
    return site.spoilt(session.locate(tostring(key)), message)
  end })
end

local function sorted_next(tbl, key)
  local take = key == nil
  for k, value in order.pairs(tbl) do
    if take then return k, value end
    take = k == key
  end
end

local function plain_tostring(value)
  local meta = getmetatable(value)
  if type(value) == "table" and not (type(meta) == "table" and meta.__tostring) then return "table" end
  if type(value) == "function" then return "function" end
  return tostring(value)
end

local base
local function base_library()
  base = base or {
    assert = assert, error = error, ipairs = ipairs, pcall = pcall, xpcall = xpcall, select = select, type = type,
    tonumber = tonumber, tostring = plain_tostring, unpack = unpack, rawequal = rawequal, rawget = rawget,
    rawset = rawset, setmetatable = setmetatable, bit = bit, coroutine = coroutine,
    _VERSION = _VERSION, next = sorted_next,
    -- The metatable of strings is the program's own: it is not handed out.
    getmetatable = function(value) return type(value) ~= "string" and getmetatable(value) or nil end,
    pairs = function(tbl)
      if type(tbl) == "table" and getmetatable(tbl) == nil then return order.pairs(tbl) end
      if node.is(tbl) then return order.pairs(tbl.args) end
      return pairs(tbl)
    end,
    table = library(table, "table", { foreach = true, foreachi = true }),
    string = library(string, "string", { dump = true }),
    math = library(math, "math", { random = true, randomseed = true }),
  }
  return base
end

--- Values by which functions are known when one is closed over: value -> "math.floor".
function environment.known_values()
  local known = {}
  for name, value in pairs(base_library()) do
    if type(value) == "table" then
      known[value] = name
      for inner, fn in pairs(value) do known[fn] = name .. "." .. inner end
    elseif type(value) == "function" then
      known[value] = name
    end
  end
  for name in pairs(host_names) do
    local value = _G[name]
    if value ~= nil then known[value] = name end
  end
  return known
end

-- What one constructor of a folder is called.
local nouns = { optim = "optimizer", data = "dataset", vision = "vision encoder", text = "text encoder",
                path = "path loss" }

-- `head.lwal`: the constructors of a folder, loaded when named.
local function prefix(schema, folder)
  return setmetatable({}, {
    __prefix = folder,
    __index = function(_, name)
      local found = schema.find(folder .. "." .. tostring(name))
      if found then return found end
      local names = schema.names(folder)
      local session = site.session
      if not session then error(("unknown %s '%s'"):format(nouns[folder] or folder, tostring(name)), 2) end
      return site.spoilt(session.locate(tostring(name)), ("unknown %s '%s'%s%s"):format(nouns[folder] or folder,
        tostring(name), nearest.did_you_mean(tostring(name), names),
        #names > 0 and " (" .. table.concat(names, ", ") .. ")" or ""))
    end,
    __tostring = function() return folder end,
  })
end

-- The words of the language that are no constructors.
local function words(session)
  return {
    params = function(tbl) return knobs.declare(session, tbl) end,

    --- pick(name, choices): choices[name], with the names listed where there is none.
    pick = function(name, choices)
      if name == site.poison then return name end
      if type(choices) ~= "table" then error("pick takes a name and a table of choices", 2) end
      local value = choices[name]
      if value ~= nil then return value end
      local keys = order.keys(choices)
      for i, key in ipairs(keys) do keys[i] = tostring(key) end
      return site.spoilt(site.call, ("pick: no choice '%s'%s (%s)"):format(tostring(name),
        nearest.did_you_mean(tostring(name), keys), table.concat(keys, ", ")))
    end,

    --- running_mean(): the baseline of REINFORCE that is the mean of all earlier rewards, as `baseline = "mean"`.
    running_mean = function() return "mean" end,

    --- env("NAME", default): an environment variable, recorded with the run; a number where the default is one.
    env = function(name, default)
      if type(name) ~= "string" then error("env takes the name of a variable and a default", 2) end
      local recorded, value = site.recorded, nil
      if recorded then value = recorded.environment[name] else value = os.getenv(name) end
      if value ~= nil and type(default) == "number" then
        value = tonumber(value) or error(("env: %s must be a number, got '%s'"):format(name, value), 2)
      end
      if value == nil then value = default end
      session.env_reads[#session.env_reads + 1] = { name = name, value = value }
      return value
    end,

    --- seeds(3) -> { 0, 1, 2 }; seeds(5, 7) -> { 5, 6, 7 }
    seeds = function(first, last)
      if type(first) ~= "number" or last ~= nil and type(last) ~= "number" then
        error("seeds takes a number of seeds, or the first and the last", 2)
      end
      if last == nil then first, last = 0, first - 1 end
      local list = {}
      for seed = first, last do list[#list + 1] = seed end
      return list
    end,
  }
end

--- The global environment of one evaluation. session.lookup(name) tells whether a name means something.
function environment.create(session)
  local schema = require "schema"
  local lib, own, prefixes = base_library(), words(session), {}
  for _, folder in ipairs(schema.folders) do prefixes[folder] = prefix(schema, folder) end

  local function silent() end
  local written = session.quiet and silent or print

  -- What a script declares belongs to it and is gone with it.
  local function declare(kind, fields, build, more)
    local own_more = { into = session.declared }
    for key, value in pairs(more or {}) do own_more[key] = value end
    local problem = session.declaring(kind)
    if problem then return site.spoilt(site.call, problem) end
    return schema.declare(kind, fields, build, own_more)
  end
  -- A file written as those of stdlib are, with `require "schema"`, declares for the script too.
  session.schema = setmetatable({ declare = declare }, { __index = schema })

  local function search(name)
    if lib[name] ~= nil then return lib[name] end
    if own[name] ~= nil then return own[name] end
    if name == "declare" then return declare end
    if name == "required" or name == "optional" then return schema[name] end
    if name == "require" then return session.require end
    if name == "print" then return written end
    if prefixes[name] then return prefixes[name] end
    if host_names[name] then return _G[name] end
    for _, folder in ipairs(bare_folders) do
      local found = schema.find(folder .. "." .. name)
      if found then return found end
    end
    return schema.find(name)
  end

  -- Functions of the script look their globals up in every step of training: remember what was found.
  local remembered = {}
  local function lookup(name)
    local value = remembered[name]
    if value == nil then
      value = search(name)
      remembered[name] = value
    end
    return value
  end
  session.lookup = lookup

  local known = environment.known_values()
  for name, value in pairs(own) do known[value] = name end
  known[written], known[declare], known[session.require] = "print", "declare", "require"
  session.known_values = known

  --- All names for proposals.
  function session.names()
    local names = {}
    for name in pairs(lib) do names[#names + 1] = name end
    for name in pairs(own) do names[#names + 1] = name end
    for name in pairs(prefixes) do names[#names + 1] = name end
    for _, folder in ipairs(bare_folders) do
      for _, name in ipairs(schema.names(folder)) do names[#names + 1] = name end
    end
    for _, name in ipairs(schema.names()) do names[#names + 1] = name end
    for name in pairs(host_names) do names[#names + 1] = name end
    names[#names + 1] = "require"
    table.sort(names)
    return names
  end

  --- What to say about a name that means nothing.
  function session.unknown(name, also)
    if forbidden[name] then return forbidden[name] end
    if elsewhere[name] then return ("unknown name '%s'; in Lua it is %s"):format(name, elsewhere[name]) end
    for _, folder in ipairs(schema.folders) do
      if prefixed[folder] and schema.find(folder .. "." .. name) then
        return ("unknown name '%s'; write %s.%s"):format(name, folder, name)
      end
    end
    local names = session.names()
    for _, more in ipairs(also or {}) do
      if more ~= name then names[#names + 1] = more end
    end
    return ("unknown name '%s'%s"):format(name, nearest.did_you_mean(name, names))
  end

  user_files.install(session)

  local env = {}
  env._G = env
  return setmetatable(env, {
    __index = function(_, name)
      local value = lookup(name)
      if value ~= nil then return value end
      session.poisoned = true
      if not session.undefined[name] then
        session.undefined[name] = true
        site.fail(session.locate(name, "name"), session.unknown(name))
      end
      return site.poison
    end,
  })
end

return environment
