--- Tables as RFC 4180 has them: fields in quotes where they need them, lines that end in CR LF.
local csv = {}

--- A field. Numbers in full, whole ones without a point; what is not finite, nil and false are empty.
function csv.field(value)
  if value == nil or value == false then return "" end
  if type(value) == "number" then
    if value ~= value or math.abs(value) == math.huge then return "" end
    if value == math.floor(value) and math.abs(value) < 2 ^ 53 then return ("%d"):format(value) end
    local short = ("%.15g"):format(value)
    return tonumber(short) == value and short or ("%.17g"):format(value)
  end
  local text = tostring(value)
  return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

--- A header and rows of as many values as it has titles.
function csv.text(header, rows)
  local lines = {}
  local function add(row)
    local parts = {}
    for column = 1, #header do parts[column] = csv.field(row[column]) end
    lines[#lines + 1] = table.concat(parts, ",")
  end
  add(header)
  for _, row in ipairs(rows) do add(row) end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return csv
