--- A Lua function as data: its text and what it closes over, so that a changed function is a changed configuration.
--
-- The text is the tokens of the source, so layout and comments do not count. Upvalues and the script's own globals are
-- followed: plain data, nodes, further functions; what the language and the host provide is known by name. Anything
-- else has no text, and then the configuration would not say what it does: an error names it.

local environment = require "language.environment"
local globals = require "language.globals"
local knobs = require "language.knobs"
local node = require "language.node"
local order = require "language.order"
local site = require "language.site"
local source = require "source"

local closure = {}

-- Lines first..last of a file of the program, read once.
local texts = {}
local function lines_of(path, first, last)
  if texts[path] == nil then
    local file = io.open(path, "r")
    texts[path] = file and file:read "*a" or false
    if file then file:close() end
  end
  if not texts[path] then return nil end
  local tokens, words = source.tokens(texts[path]), {}
  for _, token in ipairs(tokens) do
    if token.line >= first and token.line <= last then words[#words + 1] = token.text end
  end
  return table.concat(words, " ")
end

local function text_of(fn, session)
  local where = site.functions[fn]
  if where then return source.function_text(where) end
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return nil end
  local path = info.source:match "^@(.*)$"
  local index = path and session and session.indexes[path]
  if index then
    local words = {}
    for _, token in ipairs(index.tokens) do
      if token.line >= info.linedefined and token.line <= info.lastlinedefined then words[#words + 1] = token.text end
    end
    return table.concat(words, " ")
  end
  return path and lines_of(path, info.linedefined, info.lastlinedefined)
end

--- Plain data that stands for `fn`: { ["function"] = text, uses = { { name, value }, ... } }. Nodes in it are nodes.
-- Returns nil and what has no text where there is such a thing.
function closure.describe(fn, session)
  local known = session and session.known_values or environment.known_values()
  local numbers, count = {}, 0

  local describe

  local function value_of(value, name)
    local kind = type(value)
    if kind == "nil" or kind == "boolean" or kind == "number" or kind == "string" then return value end
    if known[value] then return { host = known[value] } end
    if node.is(value) then return value end
    if node.is_constructor(value) then return { constructor = value.kind } end
    if kind == "function" then return describe(value, name) end
    local values = knobs.values(value)
    if values then return values end
    if kind == "table" and getmetatable(value) == nil then
      local copy = {}
      for key, item in next, value do
        local described, problem = value_of(item, name .. "." .. tostring(key))
        if problem then return nil, problem end
        copy[key] = described
      end
      return order.set(copy, order.keys(value))
    end
    return nil, ("it closes over '%s', %s (plain data, nodes and functions can be written)"):format(name,
      kind == "table" and "an object" or "a " .. kind)
  end

  function describe(inner, name)
    if numbers[inner] then return { again = numbers[inner] } end
    count = count + 1
    numbers[inner] = count
    local text = text_of(inner, session)
    if not text then return nil, ("it closes over '%s', a function that has no text"):format(name) end
    local uses, found = {}, {}
    local i = 1
    while true do
      local upvalue, value = debug.getupvalue(inner, i)
      if not upvalue then break end
      found[#found + 1] = { upvalue, value }
      i = i + 1
    end
    local env, seen = session and session.env or {}, {}
    globals.visit(inner, function(global)
      if not seen[global] and global ~= "_G" and rawget(env, global) ~= nil then
        seen[global] = true
        found[#found + 1] = { global, rawget(env, global) }
      end
    end)
    table.sort(found, function(a, b) return a[1] < b[1] end)
    for _, use in ipairs(found) do
      local described, problem = value_of(use[2], use[1])
      if problem then return nil, problem end
      uses[#uses + 1] = { use[1], described }
    end
    local result = { ["function"] = text }
    if #uses > 0 then result.uses = uses end
    return result
  end

  if known[fn] then return { host = known[fn] } end
  return describe(fn, "the function")
end

return closure
