--- Tensors and lists of numbers as plots take them: plain lists, with names for rows.
local order = require "language.order"

local numbers = {}

local function is_tensor(value) return torch.is_tensor(value) end

local function described(value)
  if is_tensor(value) then return ("a tensor %s"):format(tostring(value.shape)) end
  return value == nil and "nothing" or "a " .. type(value)
end

--- A list of numbers from a tensor [N] or a list. `what` names it in errors.
function numbers.list(value, what)
  if is_tensor(value) then
    if value.ndim ~= 1 then error(("%s must be a list of numbers, got %s"):format(what, described(value)), 0) end
    value = value:detach():to("cpu", "float64"):totable()
  end
  if type(value) ~= "table" then error(("%s must be a list of numbers, got %s"):format(what, described(value)), 0) end
  local list = {}
  for i = 1, #value do
    if type(value[i]) ~= "number" then
      error(("%s must be a list of numbers, got %s at place %d"):format(what, described(value[i]), i), 0)
    end
    list[i] = value[i]
  end
  return list
end

--- Rows of numbers from a tensor [R, C] or a list of lists of one length: the rows, and how many columns.
function numbers.matrix(value, what)
  if is_tensor(value) and value.ndim ~= 2 then
    error(("%s must be a matrix, got %s"):format(what, described(value)), 0)
  end
  local rows = is_tensor(value) and value:detach():to("cpu", "float64"):totable() or value
  if type(rows) ~= "table" or #rows == 0 then error(("%s must be a matrix, got %s"):format(what, described(value)), 0) end
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = numbers.list(row, ("%s, row %d,"):format(what, i))
    if #list[i] ~= #list[1] then
      error(("%s: row %d has %d numbers, row 1 has %d"):format(what, i, #list[i], #list[1]), 0)
    end
  end
  return list, #list[1]
end

local function is_list(value) return is_tensor(value) and value.ndim == 1 or type(value) == "table" and type(value[1]) == "number" end

--- Several named lists: a tensor [N] or a list (one without a name), a tensor [S, N] or a list of lists (named by
-- `names`), or a map name = list in written order. -> list of { name, values }
function numbers.series(value, names, what)
  local found = {}
  if is_list(value) then
    found[1] = { name = names and names[1] or "", values = numbers.list(value, what) }
  elseif is_tensor(value) or type(value) == "table" and value[1] ~= nil then
    if is_tensor(value) and value.ndim ~= 2 then
      error(("%s must be a list of numbers or rows of them, got %s"):format(what, described(value)), 0)
    end
    local rows = is_tensor(value) and numbers.matrix(value, what) or value
    for i, row in ipairs(rows) do
      found[i] = { name = names and names[i] or ("series %d"):format(i), values = numbers.list(row, ("%s, row %d,"):format(what, i)) }
    end
  elseif type(value) == "table" then
    for _, name in ipairs(order.keys(value)) do
      found[#found + 1] = { name = tostring(name), values = numbers.list(value[name], ("%s '%s'"):format(what, name)) }
    end
  end
  if #found == 0 then error(("%s must be a list of numbers or rows of them, got %s"):format(what, described(value)), 0) end
  if names and #names ~= #found then
    error(("%d names for %d series"):format(#names, #found), 0)
  end
  return found
end

--- Numbers 1 .. n.
function numbers.count(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

--- All rows one after the other.
function numbers.flat(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, value in ipairs(row) do list[#list + 1] = value end
  end
  return list
end

--- Names as given (checked for their number), else "1", "2", ...
function numbers.names(given, n, what)
  if given and #given ~= n then error(("%s: %d names for %d"):format(what, #given, n), 0) end
  local names = {}
  for i = 1, n do names[i] = given and tostring(given[i]) or tostring(i) end
  return names
end

return numbers
