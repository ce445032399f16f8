--- A table of a sweep (table.lua) as text, Markdown, LaTeX or CSV.
--
-- It has rows, cols = names of axes; names[r] = values of the row's axes; heads[c]; places[r][c] = { text, best, alike,
-- mean, std, n, p, corrected, pruned }; notes, title, metric.
local help = require "help"
local tabulate = require "tabulate"

local formats = { names = { "csv", "latex", "markdown", "text" } }

-- Header and rows for tabulate.text and its like; mark(place) gives the text of a place.
local function grid(made, mark)
  local header, rows = {}, {}
  for i, key in ipairs(made.rows) do header[i] = key end
  for _, head in ipairs(made.heads) do header[#header + 1] = head end
  for r, names in ipairs(made.names) do
    rows[r] = { unpack(names) }
    for _, place in ipairs(made.places[r]) do rows[r][#rows[r] + 1] = mark(place) end
  end
  return header, rows
end

local function notes(made, best)
  local lines = {}
  for i, note in ipairs(made.notes) do lines[i] = note:gsub("; %%s the best", "; " .. best .. " the best") end
  return lines
end

local function joined(title, body, lines)
  local parts = {}
  if title then parts[#parts + 1] = title end
  parts[#parts + 1] = body
  for _, line in ipairs(lines) do parts[#parts + 1] = line end
  return table.concat(parts, "\n")
end

function formats.text(made)
  local any = { best = false, alike = false }
  for _, row in ipairs(made.places) do
    for _, place in ipairs(row) do any.best, any.alike = any.best or place.best, any.alike or place.alike end
  end
  -- marks stand in a column of their own behind the numbers, so that these stay below each other
  local header, rows = grid(made, function(place)
    local marks = (any.best and (place.best and "*" or " ") or "") .. (any.alike and (place.alike and "~" or " ") or "")
    return place.text .. (marks ~= "" and " " .. marks or "")
  end)
  local align = ("l"):rep(#made.rows) .. ("r"):rep(#made.heads)
  local marks = (any.best and 1 or 0) + (any.alike and 1 or 0)
  for i = #made.rows + 1, #header do header[i] = header[i] .. (marks > 0 and (" "):rep(marks + 1) or "") end
  local lines = notes(made, "*")
  for i, line in ipairs(lines) do lines[i] = help.wrapped(line, 79) end
  return joined(made.title, tabulate.text(header, rows, align), lines)
end

function formats.markdown(made)
  local header, rows = grid(made, function(place)
    local text = place.text
    if place.best then text = "**" .. text .. "**" end
    return text .. (place.alike and " ~" or "")
  end)
  local lines = notes(made, "bold:")
  return joined(made.title and "**" .. made.title .. "**\n", tabulate.markdown(header, rows),
    #lines > 0 and { "", table.concat(lines, "; ") } or {})
end

local special = { ["\\"] = "\\textbackslash{}", ["~"] = "\\textasciitilde{}", ["^"] = "\\textasciicircum{}" }

local function latex_text(text)
  text = text:gsub("[\\~^&%%$#_{}]", function(c) return special[c] or "\\" .. c end)
  return (text:gsub("±", "$\\pm$"))
end

--- A tabular of the package booktabs.
function formats.latex(made)
  local header, rows = grid(made, function(place)
    local text = latex_text(place.text)
    if place.best then text = "\\textbf{" .. text .. "}" end
    return text .. (place.alike and "$^{\\sim}$" or "")
  end)
  for i, head in ipairs(header) do header[i] = latex_text(head) end
  local lines = { "\\begin{tabular}{" .. ("l"):rep(#made.rows) .. ("r"):rep(#made.heads) .. "}", "\\toprule",
                  table.concat(header, " & ") .. " \\\\", "\\midrule" }
  for _, row in ipairs(rows) do
    for i = 1, #made.rows do row[i] = latex_text(row[i]) end
    lines[#lines + 1] = table.concat(row, " & ") .. " \\\\"
  end
  lines[#lines + 1] = "\\bottomrule"
  lines[#lines + 1] = "\\end{tabular}"
  local above = notes(made, "bold:")
  if made.title then table.insert(above, 1, made.title) end
  for i = #above, 1, -1 do table.insert(lines, 1, "% " .. above[i]) end
  return table.concat(lines, "\n")
end

local function csv_field(value)
  if value == nil then return "" end
  local text = type(value) == "number" and (value == value and ("%.17g"):format(value) or "nan") or tostring(value)
  if text:find '[",\n]' then text = '"' .. text:gsub('"', '""') .. '"' end
  return text
end

--- A line for each place, with its numbers in full.
function formats.csv(made)
  local header = { unpack(made.rows) }
  header[#header + 1] = #made.cols > 0 and table.concat(made.cols, " ") or "metric"
  for _, name in ipairs { "mean", "std", "n", "best", "p", "p_holm", "state" } do header[#header + 1] = name end
  local lines = { header }
  for r, names in ipairs(made.names) do
    for c, place in ipairs(made.places[r]) do
      if place.n then
        local line = { unpack(names) }
        line[#line + 1] = made.heads[c]:gsub("^[^=]+=", #made.cols == 1 and "" or "%0")
        local n = #line
        local mean = place.n > 0 and place.mean or nil
        local state = place.pruned and "pruned@" .. place.pruned or place.n == place.of and "done" or "partly"
        for i, value in pairs { mean, place.std, place.n, place.best and 1 or 0, place.p, place.corrected, state } do
          line[n + i] = value
        end
        line.n = n + 7
        lines[#lines + 1] = line
      end
    end
  end
  for i, line in ipairs(lines) do
    local parts = {}
    for k = 1, line.n or #line do parts[k] = csv_field(line[k]) end
    lines[i] = table.concat(parts, ",")
  end
  return table.concat(lines, "\n")
end

return formats
