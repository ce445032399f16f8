--- Mistakes in order, and as a person reads them. A mistake is { file, line, column, message, source }.

local site = require "language.site"
local system = require "host.system"

local mistakes = {}

--- Sorts them as they stand: the file `first`, then other files, then what has no place. Each gets its line as
-- `source`.
function mistakes.sort(errors, indexes, first)
  local rank = {}
  for i, mistake in ipairs(errors) do
    rank[mistake] = i
    local index = mistake.file and indexes[mistake.file]
    mistake.source = index and mistake.line and index.lines[mistake.line] or nil
  end
  table.sort(errors, function(a, b)
    if (a.file == nil) ~= (b.file == nil) then return b.file == nil end
    if a.file ~= b.file then
      if a.file == first or b.file == first then return a.file == first end
      return a.file < b.file
    end
    if a.line ~= b.line then return (a.line or 0) < (b.line or 0) end
    if a.column ~= b.column then return (a.column or 0) < (b.column or 0) end
    return rank[a] < rank[b]
  end)
  return errors
end

-- Bytes that a terminal would obey (a file that is no text), as question marks.
local function visible(text) return (text:gsub("[%z\1-\8\11-\31\127]", "?")) end

-- A line of the source for a terminal of this width: what does not fit is cut off around the place of the caret.
-- Gives the text and what stands before the place. Columns count bytes; width counts characters.
local function excerpt(line, column, width)
  local before = line:sub(1, (column or 1) - 1)
  local characters = {}
  for character in line:gmatch "[%z\1-\127\194-\244][\128-\191]*" do characters[#characters + 1] = character end
  local room = width and width - 3
  if not room or #characters <= room or room < 20 then return line, before end
  local place = #before:gsub("[\128-\191]", "") + 1
  local first = math.max(1, math.min(place - math.floor(room * 0.6), #characters - room + 1))
  local last = math.min(#characters, first + room - 1)
  local cut = {}
  for i = first, last do
    local dots = i < first + 3 and first > 1 or i > last - 3 and last < #characters
    cut[#cut + 1] = dots and "." or characters[i]
  end
  return table.concat(cut), (" "):rep(place - first)
end

--- "file:line:col: message", the line, and a caret below the place. options.plain: the messages only; options.width:
-- columns for the line, else those of the terminal that errors are shown on, and all of it where that is none.
function mistakes.format(errors, options)
  local parts = {}
  local width = options and options.width or system.isatty "stderr" and system.terminal_width(80) or nil
  for _, mistake in ipairs(errors) do
    parts[#parts + 1] = site.prefix(mistake) .. visible(mistake.message)
    if mistake.source and not (options and options.plain) then
      local line, before = excerpt(visible((mistake.source:gsub("\t", " "))), mistake.column, width)
      parts[#parts + 1] = "  " .. line
      if mistake.column then
        before = before:gsub("[\128-\191]", "")
        parts[#parts + 1] = "  " .. (" "):rep(#before) .. "^"
      end
    end
  end
  return table.concat(parts, "\n")
end

return mistakes
