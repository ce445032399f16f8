--- Order and plain data: keys in written order, numbers in their shortest form, copies.
--
-- LuaJIT's own order of a table's string keys differs from process to process. Whatever goes through the keys of a
-- table that a user wrote asks here: the order in which they stand in the source where it is known, else sorted.

local site = require "language.site"

local order = {}

-- Table -> list of its string keys in order, for tables made by conversion.
local known = setmetatable({}, { __mode = "k" })

--- Fixes the order of `tbl`'s keys.
function order.set(tbl, keys)
  known[tbl] = keys
  return tbl
end

--- The keys of `tbl` that are no list positions, in written order; computed ones after them, sorted.
function order.keys(tbl)
  local keys, seen = {}, {}
  local record = site.tables[tbl]
  for _, key in ipairs(known[tbl] or {}) do
    if rawget(tbl, key) ~= nil and not seen[key] then
      keys[#keys + 1], seen[key] = key, true
    end
  end
  for _, written in ipairs(not known[tbl] and record and record.keys or {}) do
    local key = written.key
    if key ~= nil and rawget(tbl, key) ~= nil and not seen[key] then
      keys[#keys + 1], seen[key] = key, true
    end
  end
  local rest = {}
  local length = order.length(tbl)
  for key in next, tbl do
    local item = type(key) == "number" and key >= 1 and key <= length and key == math.floor(key)
    if not seen[key] and not item then rest[#rest + 1] = key end
  end
  table.sort(rest, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return tostring(a) < tostring(b)
  end)
  for _, key in ipairs(rest) do keys[#keys + 1] = key end
  return keys
end

--- The number of list positions of `tbl`: those written in the source (a nil among them counts), else its length.
function order.length(tbl)
  local record = site.tables[tbl]
  local written = record and not known[tbl] and not record.open and #record.items or 0
  return math.max(written, #tbl)
end

--- Goes through list positions, then named keys in order.
function order.pairs(tbl)
  local keys, length, i = order.keys(tbl), order.length(tbl), 0
  return function()
    while true do
      i = i + 1
      local key
      if i <= length then key = i else key = keys[i - length] end
      if key == nil then return nil end
      if rawget(tbl, key) ~= nil then return key, rawget(tbl, key) end
    end
  end
end

--- Where `key` of the table is written, or nil.
function order.key_position(tbl, key)
  local record = site.tables[tbl]
  if not record then return nil end
  if type(key) == "number" then return record.items[key] end
  local found
  for _, written in ipairs(record.keys) do
    if written.key == key then found = written end
  end
  return found
end

--- Reports keys written twice and keys whose value is nil, in a table of `title`, e.g. "adamw{}".
function order.report_written(tbl, title)
  local record = site.tables[tbl]
  if not record or record.reported then return end
  record.reported = true
  local first = {}
  for _, written in ipairs(record.keys) do
    local key = written.key
    if key ~= nil and first[key] then
      site.fail(written, ("key '%s' is written twice in %s, first in line %d"):format(key, title, first[key].line))
    elseif key ~= nil then
      first[key] = written
      if rawget(tbl, key) == nil then site.fail(written, ("key '%s' is nil in %s"):format(key, title)) end
    end
  end
end

--- The shortest text that reads back as the same number: 0.1, 1e-05, 3.
function order.number(value)
  if value ~= value then return "nan" end
  if value == math.huge then return "inf" elseif value == -math.huge then return "-inf" end
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then return text end
  end
end

--- A copy of plain data, with its order and its places in the source; nodes and host objects are shared.
function order.copy(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  local result = {}
  for key, item in next, value do result[key] = order.copy(item) end
  return order.carry(value, result)
end

--- Gives `result`, which was made from `value`, its order and its places in the source.
function order.carry(value, result)
  if site.tables[value] then site.tables[result] = site.tables[value] end
  if known[value] then known[result] = known[value] end
  return result
end

return order
