--- Mistakes in order, and as a person reads them. A mistake is { file, line, column, message, source }.

local site = require "language.site"

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

--- "file:line:col: message", the line, and a caret below the place. options.plain: the messages only.
function mistakes.format(errors, options)
  local parts = {}
  for _, mistake in ipairs(errors) do
    parts[#parts + 1] = site.prefix(mistake) .. mistake.message
    if mistake.source and not (options and options.plain) then
      local line = mistake.source:gsub("\t", " ")
      parts[#parts + 1] = "  " .. line
      if mistake.column then
        -- Columns count bytes; the caret stands below the character.
        local before = line:sub(1, mistake.column - 1):gsub("[\128-\191]", "")
        parts[#parts + 1] = "  " .. (" "):rep(#before) .. "^"
      end
    end
  end
  return table.concat(parts, "\n")
end

return mistakes
