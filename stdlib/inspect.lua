--- Values as text for people: tensors as they print themselves, tables with sorted keys, a few levels deep, cut to 25
-- lines.
--
--     show(x)                  prints x
--     show(x, { full = true }) prints all of it
--     show.text(x, options)    gives the text
--
-- Options: `full` (no limits), `lines` (how many at most, 25), `depth` (levels of tables, 4).

local show = {}

local identifier = "^[%a_][%w_]*$"

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
  -- an object that prints over several lines (a tensor, a module) is named by its first and last
  local first = text:match "^[^\n]*"
  if #first == #text then return text end
  local shape = kind == "userdata" and select(2, pcall(function()
    return value.dtype .. "[" .. table.concat(value.shape, ", ") .. "]"
  end))
  return type(shape) == "string" and shape:find("%[") and "tensor " .. shape or first .. " ..."
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
function show.text(value, options)
  options = options or {}
  local text
  if type(value) == "string" and not options.quote then
    text = value
  elseif type(value) == "table" and not has_text(value) then
    text = render(value, {
      seen = {},
      depth = options.full and math.huge or options.depth or 4,
      items = options.full and math.huge or 200,
      width = require "host.system".terminal_width(),
    }, 0, "")
  elseif options.full and type(value) == "userdata" and getmetatable(value) and pcall(function() return value.shape end) then
    text = require "show_tensor"(value)
  elseif type(value) == "table" or type(value) == "userdata" or type(value) == "cdata" then
    text = tostring(value)
  else
    text = leaf(value)
  end
  return options.full and text or cut(text, options.lines or 25)
end

--- Prints what an input at the prompt gave: each result on its own line, strings quoted.
function show.echo(...)
  for i = 1, select("#", ...) do
    io.write(show.text((select(i, ...)), { quote = true }), "\n")
  end
end

return setmetatable(show, {
  __call = function(_, value, options) io.write(show.text(value, options), "\n") end,
})
