--- Tables of results as text: columns aligned by what is seen (not by bytes), numbers to the right, and the mean and
-- spread over seeds as one cell.
local tabulate = {}

--- The number of columns a UTF-8 text takes on a terminal (every code point counts one).
function tabulate.width(text)
  if not text:find "[\128-\255]" then return #text end
  local count = 0
  for i = 1, #text do
    local byte = text:byte(i)
    if byte < 0x80 or byte >= 0xC0 then count = count + 1 end
  end
  return count
end

--- `text` padded with spaces to `width` columns, on the left when `right` is true.
function tabulate.pad(text, width, right)
  local fill = (" "):rep(math.max(0, width - tabulate.width(text)))
  return right and fill .. text or text .. fill
end

--- `text` cut to `width` columns, with an ellipsis where something is left out.
function tabulate.cut(text, width)
  if tabulate.width(text) <= width then return text end
  local count, i = 0, 1
  while i <= #text do
    local byte = text:byte(i)
    if byte < 0x80 or byte >= 0xC0 then count = count + 1 end
    if count == width then break end
    i = i + 1
  end
  return text:sub(1, i - 1) .. "…"
end

--- Mean, sample standard deviation (divided by n - 1; nil for one value) and n of a list of numbers.
-- A list with nan gives nan: a failed value is never dropped in silence.
function tabulate.statistics(values)
  local n, sum = #values, 0
  if n == 0 then return nil, nil, 0 end
  for _, value in ipairs(values) do sum = sum + value end
  local mean, squares = sum / n, 0
  for _, value in ipairs(values) do squares = squares + (value - mean) ^ 2 end
  return mean, n > 1 and math.sqrt(squares / (n - 1)) or nil, n
end

--- "0.912 ± 0.004": mean and spread with `digits` decimals (3); "-" for an empty list, the mean alone for one value.
function tabulate.mean_std(values, digits)
  local mean, std = tabulate.statistics(values)
  if not mean then return "-" end
  local format = "%." .. (digits or 3) .. "f"
  if not std then return format:format(mean) end
  return (format .. " ± " .. format):format(mean, std)
end

--- A difference with its sign: "+0.014", "-0.039", "0.000" shown as "+0.000".
function tabulate.signed(value, digits)
  return ("%+." .. (digits or 3) .. "f"):format(value)
end

--- Lines of text under a header.
-- @param header a list of column titles
-- @param rows a list of lists of cells (strings, numbers; nil and false show as "")
-- @param align a string of "l" and "r", one letter a column ("l", then "r" for the rest, where absent)
-- @return the table as one string without a final newline
function tabulate.text(header, rows, align)
  local widths, cells, wide = {}, {}, {} -- widest of a column; texts and their widths
  local function right(column) return (align and align:sub(column, column) or (column == 1 and "l" or "r")) == "r" end
  for r = 0, #rows do
    local row, texts, each = r == 0 and header or rows[r], {}, {}
    for column = 1, #header do
      local value = row[column]
      local text = (value == nil or value == false) and "" or tostring(value)
      texts[column], each[column] = text, tabulate.width(text)
      if each[column] > (widths[column] or 0) then widths[column] = each[column] end
    end
    cells[r], wide[r] = texts, each
  end
  local lines, to_right, spaces = {}, {}, {}
  for n = 0, math.max(0, unpack(widths)) do spaces[n] = (" "):rep(n) end
  for column = 1, #header do to_right[column] = right(column) end
  for r = 0, #rows do
    local parts, texts, each = {}, cells[r], wide[r]
    for column = 1, #header do
      local fill = spaces[(widths[column] or 0) - each[column]]
      parts[column] = to_right[column] and fill .. texts[column] or texts[column] .. fill
    end
    local line = table.concat(parts, "   ")
    lines[#lines + 1] = line:byte(-1) == 32 and line:match "^(.-)%s+$" or line
    if r == 0 then
      local rule = {}
      for column = 1, #header do rule[column] = ("─"):rep(widths[column] or 0) end
      lines[#lines + 1] = table.concat(rule, "───")
    end
  end
  return table.concat(lines, "\n")
end

--- The same as a tabular of LaTeX (package booktabs): special characters escaped, "±" as mathematics.
function tabulate.latex(header, rows, align)
  local letters = align or "l" .. ("r"):rep(#header - 1)
  local lines = { "\\begin{tabular}{" .. letters .. "}", "\\toprule" }
  local function add(row)
    local parts = {}
    for column = 1, #header do
      local value = row[column]
      parts[column] = (value == nil or value == false) and "" or tabulate.latex_text(tostring(value))
    end
    lines[#lines + 1] = table.concat(parts, " & ") .. " \\\\"
  end
  add(header)
  lines[#lines + 1] = "\\midrule"
  for _, row in ipairs(rows) do add(row) end
  lines[#lines + 1] = "\\bottomrule"
  lines[#lines + 1] = "\\end{tabular}"
  return table.concat(lines, "\n")
end

local special = { ["\\"] = "\\textbackslash{}", ["~"] = "\\textasciitilde{}", ["^"] = "\\textasciicircum{}",
                  ["<"] = "\\textless{}", [">"] = "\\textgreater{}", ["|"] = "\\textbar{}" }

--- Text as LaTeX sets it.
function tabulate.latex_text(text)
  text = text:gsub("[\\~^&%%$#_{}<>|]", function(c) return special[c] or "\\" .. c end)
  return (text:gsub("±", "$\\pm$"))
end

--- The same as CSV (csv.lua).
function tabulate.csv(header, rows) return require "csv".text(header, rows) end

--- The same as a table of Markdown: the first column to the left, the others to the right.
function tabulate.markdown(header, rows)
  local rule, lines = {}, {}
  for column = 1, #header do rule[column] = column == 1 and "---" or "---:" end
  local function add(row)
    local parts = {}
    for column = 1, #header do
      local value = row[column]
      parts[column] = (value == nil or value == false) and "" or (tostring(value):gsub("|", "\\|"))
    end
    lines[#lines + 1] = "| " .. table.concat(parts, " | ") .. " |"
  end
  add(header)
  add(rule)
  for _, row in ipairs(rows) do add(row) end
  return table.concat(lines, "\n")
end

return tabulate
