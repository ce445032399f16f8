--- Lua functions with PyTorch's signatures: positional values in PyTorch's order, keywords in a trailing table.
--     local f = signature("softmin(input, dim, *, dtype=nil)", function(input, dim, dtype) ... end)
-- A name without `=` must be given, names after `*` by keyword alone; torch.None stands for nil.
local none = require "host.tensor".None
local nearest = require "language.nearest"

-- The Lua code behind a function made here, for help: where its comment stands.
local bodies = setmetatable({}, { __mode = "k" })

local words = { ["nil"] = none, ["true"] = true, ["false"] = false, inf = math.huge }

local function parse(text)
  local name, list = text:match "^([%w_.]+)%((.*)%)$"
  local s = { name = name, text = text, keys = {}, place = {}, fallback = {}, required = {} }
  for part in list:gmatch "[^,]+" do
    part = part:match "^%s*(.-)%s*$"
    if part == "*" then
      s.positional = #s.keys
    else
      local key, value = part:match "^([%w_]+)%s*=%s*(.+)$"
      local i = #s.keys + 1
      s.keys[i] = key or part
      s.place[key or part] = i
      s.required[i] = not key
      if key then
        local given = words[value]
        if given == nil then given = tonumber(value) or value:match "^'(.*)'$" end
        assert(given ~= nil, text)
        if given ~= none then s.fallback[i] = given end
      end
    end
  end
  s.positional = s.positional or #s.keys
  return s
end

local function is_keywords(x) return type(x) == "table" and #x == 0 and type((next(x))) == "string" end

local function refuse(s, ...) error(("%s: %s\n  %s"):format(s.name, string.format(...), s.text), 3) end

local function make(text, body)
  local s = parse(text)
  local n = #s.keys
  local function call(...)
    local count = select("#", ...)
    local values = { ... }
    local named = count > 0 and is_keywords(values[count]) and values[count] or nil
    if named then
      values[count] = nil
      count = count - 1
    end
    if count > s.positional then refuse(s, "takes %d positional arguments, got %d", s.positional, count) end
    local given = named and {}
    for key, value in next, named or {} do
      local i = s.place[key]
      if not i then
        refuse(s, "has no argument '%s'%s", tostring(key), nearest.did_you_mean(tostring(key), s.keys))
      elseif values[i] ~= nil then
        refuse(s, "'%s' is given by position and by name", key)
      end
      given[i] = value
    end
    for i = 1, n do
      local value = values[i]
      if value == nil and given then value = given[i] end
      if value == none then
        value = nil -- an explicit None, also where another default stands
      elseif value == nil then
        if s.required[i] then refuse(s, "argument '%s' is missing", s.keys[i]) end
        value = s.fallback[i]
      end
      values[i] = value
    end
    return body(unpack(values, 1, n))
  end
  bodies[call] = { body = body, text = text }
  return call
end

return setmetatable({ bodies = bodies, is_keywords = is_keywords }, { __call = function(_, ...) return make(...) end })
