--- Values as text for people: tensors as they print themselves, tables with sorted keys, a few levels deep, cut to 25
-- lines.
--
--     local inspect = require "inspect"
--     inspect(x)                    the text
--     inspect(x, { full = true })   without limits
--     inspect.echo(x, y)            prints what an input at the prompt gave
--
-- Options: `full`, `lines` (how many at most, 25), `depth` (levels of tables, 4), `quote` (strings in quotes). The
-- global `show(x, options)` prints this text.

local inspect = {}

local identifier = "^[%a_][%w_]*$"

local function is_tensor(value) return type(value) == "userdata" and require "host.tensor".is_tensor(value) end

local function quoted(text) return (("%q"):format(text):gsub("\\\n", "\\n"):gsub("\r", "\\r"):gsub("%z", "\\0")) end

local function number(value)
  if value ~= value then return "nan" end
  if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
  return ("%.14g"):format(value)
end

local function sorted_keys(value)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    local ta, tb = type(a), type(b)
    if ta ~= tb then return ta == "number" or (tb ~= "number" and ta < tb) end
    if ta == "number" or ta == "string" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local render

-- What a value inside a table looks like, on one line where it can be.
local function leaf(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number(value) end
  local text = tostring(value)
  if is_tensor(value) then
    return #text <= 40 and not text:find "\n" and text
      or ("tensor %s[%s]"):format(value.dtype, table.concat(value.shape, ", "))
  end
  -- an object that prints over several lines is named by its first
  local first = text:match "^[^\n]*"
  return #first == #text and text or first .. " ..."
end

local function has_text(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__tostring") ~= nil
end

local function one_line(parts, opening, closing) return opening .. " " .. table.concat(parts, ", ") .. " " .. closing end

render = function(value, state, level, indent)
  if type(value) ~= "table" or has_text(value) then return leaf(value) end
  if state.seen[value] then return "<this table again>" end
  if next(value) == nil then return "{}" end
  if level >= state.depth then return "{...}" end
  state.seen[value] = true
  local parts, length, several = {}, #value, false
  local deeper = indent .. "  "
  for i = 1, math.min(length, state.items) do
    parts[#parts + 1] = render(value[i], state, level + 1, deeper)
  end
  if length > state.items then parts[#parts + 1] = ("... (%d in all)"):format(length) end
  local named = 0
  for _, key in ipairs(sorted_keys(value)) do
    if not (type(key) == "number" and key >= 1 and key <= length and key == math.floor(key)) then
      named = named + 1
      if named > state.items then
        parts[#parts + 1] = "..."
        break
      end
      local name = type(key) == "string" and key:find(identifier) and key or "[" .. leaf(key) .. "]"
      parts[#parts + 1] = name .. " = " .. render(value[key], state, level + 1, deeper)
    end
  end
  state.seen[value] = nil
  local width = #indent + 4
  for _, part in ipairs(parts) do
    width = width + #part + 2
    several = several or part:find("\n", 1, true) ~= nil
  end
  if not several and width <= state.width then return one_line(parts, "{", "}") end
  -- numbers and short words fill lines, anything else gets a line of its own
  local lines, line = {}, ""
  for i, part in ipairs(parts) do
    local piece = part .. (i < #parts and "," or "")
    if named == 0 and #piece <= 24 and not several then
      if #line > 0 and #deeper + #line + 1 + #piece > state.width then
        lines[#lines + 1], line = deeper .. line, ""
      end
      line = line .. (line == "" and "" or " ") .. piece
    else
      lines[#lines + 1] = deeper .. piece
    end
  end
  if line ~= "" then lines[#lines + 1] = deeper .. line end
  return "{\n" .. table.concat(lines, "\n") .. "\n" .. indent .. "}"
end

-- Keeps the first and the last lines, and says how many are missing.
local function cut(text, most)
  local lines = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do lines[#lines + 1] = line end
  if #lines <= most then return text end
  local tail = math.floor(most / 4)
  local head, shown = most - tail - 1, {}
  for i = 1, head do shown[i] = lines[i] end
  shown[head + 1] = ("... %d lines more, show(x, { full = true }) prints all"):format(#lines - head - tail)
  for i = #lines - tail + 1, #lines do shown[#shown + 1] = lines[i] end
  return table.concat(shown, "\n")
end

--- The text of a value. A string on its own stays as it is unless `quote` is set.
local function text_of(value, options)
  options = options or {}
  local most = not options.full and (options.lines or 25) or nil
  if is_tensor(value) then return require "host.tensor".to_text(value, options.full or false, most or 0) end
  local kind, text = type(value), nil
  if kind == "string" and not options.quote then
    text = value
  elseif kind == "table" and not has_text(value) then
    text = render(value, {
      seen = {},
      depth = options.full and math.huge or options.depth or 4,
      items = options.full and math.huge or 200,
      width = require "host.system".terminal_width(),
    }, 0, "")
  elseif kind == "string" or kind == "number" then
    text = leaf(value)
  else
    text = tostring(value)
  end
  return most and cut(text, most) or text
end

--- Prints each value on its own line, strings quoted.
function inspect.echo(...)
  for i = 1, select("#", ...) do
    io.write(text_of((select(i, ...)), { quote = true }), "\n")
  end
end

return setmetatable(inspect, { __call = function(_, ...) return text_of(...) end })
