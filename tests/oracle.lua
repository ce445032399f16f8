--- Known answers for specs: the case of an id in cases.json, in the folder oracles/ beside a folder of $MOONLAB_DATA.
-- Where there is none the running test is skipped and says so.
--
--     local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
--     local case = oracle "000-17"        -- { input = ..., expected = ..., tolerance = ... }
local t = require "test"

-- JSON as Lua values; null is nil.
local function parse(text)
  local at = 1
  local value
  local function skip() at = text:find("[^ \t\r\n]", at) or #text + 1 end
  local function expect(letter)
    skip()
    if text:sub(at, at) ~= letter then error(("JSON: expected '%s' at byte %d"):format(letter, at), 0) end
    at = at + 1
  end
  local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
  local function string_value()
    expect '"'
    local parts = {}
    while true do
      local stop = text:find('["\\]', at)
      parts[#parts + 1] = text:sub(at, stop - 1)
      if text:sub(stop, stop) == '"' then
        at = stop + 1
        return table.concat(parts)
      end
      local letter = text:sub(stop + 1, stop + 1)
      if letter == "u" then
        local code = tonumber(text:sub(stop + 2, stop + 5), 16)
        parts[#parts + 1] = code < 128 and string.char(code) or "?"
        at = stop + 6
      else
        parts[#parts + 1] = escapes[letter] or letter
        at = stop + 2
      end
    end
  end
  local function items(closing, read)
    local made = {}
    at = at + 1
    skip()
    while text:sub(at, at) ~= closing do
      read(made)
      skip()
      if text:sub(at, at) == "," then at = at + 1 end
      skip()
    end
    at = at + 1
    return made
  end
  function value()
    skip()
    local letter = text:sub(at, at)
    if letter == "{" then
      return items("}", function(made)
        skip()
        local key = string_value()
        expect ":"
        made[key] = value()
      end)
    elseif letter == "[" then
      local count = 0
      return items("]", function(made)
        count = count + 1
        made[count] = value()
      end)
    elseif letter == '"' then
      return string_value()
    end
    local word = text:match("^[%w+.-]+", at)
    at = at + #word
    if word == "true" or word == "false" then return word == "true" end
    if word == "null" then return nil end
    return tonumber(word)
  end
  return value()
end

local cases

return function(id)
  if not cases then
    for folder in (os.getenv "MOONLAB_DATA" or ""):gmatch "[^:]+" do
      local file = io.open(folder .. "/../oracles/cases.json")
      if file then
        cases = parse(file:read "*a").cases
        file:close()
        break
      end
    end
  end
  if not cases then t.skip "no oracles/cases.json beside $MOONLAB_DATA" end
  for _, case in ipairs(cases) do
    if case.id == id then return case end
  end
  t.skip("no known answer " .. id)
end
