--- Plain data as a line of JSON, for output that programs read: keys of objects sorted, or in a given order.
--
--     local json = require "json_text"
--     json.encode { a = 1, b = { 1, 2 }, c = json.null }        {"a":1,"b":[1,2],"c":null}
--     json.encode(json.object { { "z", 1 }, { "a", 2 } })        {"z":1,"a":2}
--
-- Numbers that are not finite become null; an empty table is a list, json.object {} an object.
local json = { null = setmetatable({}, { __tostring = function() return "null" end }) }

local Object = {}

--- An object whose keys stay in the order of a list of { key, value }.
function json.object(list) return setmetatable({ list = list }, Object) end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function text(value)
  return '"' .. value:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function number(value)
  if value ~= value or math.abs(value) == math.huge then return "null" end
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function pair(key, value) return text(tostring(key)) .. ":" .. json.encode(value) end

--- @param value nil, a boolean, number, string, list or table with string keys. Errors: anything else.
function json.encode(value)
  local kind = type(value)
  if value == nil or value == json.null then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then return number(value) end
  if kind == "string" then return text(value) end
  if kind ~= "table" then error(("a %s has no text in JSON"):format(kind), 2) end
  local parts = {}
  if getmetatable(value) == Object then
    for i, entry in ipairs(value.list) do parts[i] = pair(entry[1], entry[2]) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  if #value > 0 or next(value) == nil then
    for i = 1, #value do parts[i] = json.encode(value[i]) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do parts[i] = pair(key, value[key]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
