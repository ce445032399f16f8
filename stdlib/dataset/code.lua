--- A function of a user's as code for the Lua states of a loader. A script is not run as it is written (language/source
-- marks its calls), so of its functions the text is sent; of others what the host makes of them.
local site = require "language.site"

-- The tokens of a function on the lines on which they stand, so that errors in it tell the line.
local function text_of(where)
  local words, line = {}, 1
  for i = where.first, where.last do
    local token = where.source.tokens[i]
    if i ~= where.name then
      words[#words + 1] = token.line > line and ("\n"):rep(token.line - line) or " "
      words[#words + 1], line = token.text, math.max(line, token.line)
    end
  end
  return table.concat(words)
end

-- The name of the first local variable of its surroundings that a function uses.
local function captured(fn)
  for i = 1, math.huge do
    local name = debug.getupvalue(fn, i)
    if not name then return nil end
    if name ~= "" then return name end
  end
end

-- Is it a script's, whose calls are marked? (A global that is not there may be an error.)
local function marked(fn)
  local known, hook = pcall(function() return getfenv(fn).__call end)
  return known and hook ~= nil
end

--- @param fn a function; anything else is given back
return function(fn)
  local where = type(fn) == "function" and (site.functions[fn] or site.named[fn])
  if not where then
    if type(fn) == "function" and marked(fn) then
      error("the text of this function is not known: write `local function f(image) ... end`", 0)
    end
    return fn
  end
  local name = captured(fn)
  if name then
    error(("the function uses '%s' of its surroundings; it runs in Lua states of its own, where that does not exist: "
      .. "write the value into it, or require a module in it"):format(name), 0)
  end
  return text_of(where)
end
