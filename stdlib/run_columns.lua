--- Which columns a list of runs has: what was asked for, what they reached, which parameters tell them apart; and how
-- much of that fits a terminal.
local order = require "language.order"
local tabulate = require "tabulate"

local run_columns = {}

--- The fields of runs that a table may show.
run_columns.fields = { "id", "status", "smoke", "seed", "tag" }

--- A value in a cell: metrics with four decimals, or five digits where they are large; "-" for one that is not finite
-- (false), "" for none.
function run_columns.metric(value)
  if value == nil then return "" end
  if type(value) ~= "number" then return value and tostring(value) or "-" end
  return math.abs(value) < 100 and ("%.4f"):format(value) or ("%.5g"):format(value)
end

-- Shortest texts of numbers: thousands of runs have the same few.
local texts = setmetatable({}, { __index = function(known, value)
  local text = order.number(value)
  if value == value then known[value] = text end
  return text
end })

--- A parameter or option in a cell.
function run_columns.plain(value)
  if value == nil or value == false then return "" end
  return type(value) == "number" and texts[value] or tostring(value)
end

-- Metrics by how many runs end with them, those of training last.
local function metrics_of(runs)
  local count, first, list = {}, {}, {}
  for _, run in ipairs(runs) do
    for place, key in ipairs(run.keys) do
      if not count[key] then
        count[key], first[key] = 0, place
        list[#list + 1] = key
      end
      count[key] = count[key] + 1
    end
  end
  local function rank(key)
    return key:match "^train%." and 3 or (key:match "^test%." or key:match "%.test%.") and 0 or key:find "%." and 1 or 2
  end
  table.sort(list, function(a, b)
    if rank(a) ~= rank(b) then return rank(a) < rank(b) end
    if count[a] ~= count[b] then return count[a] > count[b] end
    if first[a] ~= first[b] then return first[a] < first[b] end
    return a < b
  end)
  return list
end

-- Parameters in which the runs differ, sorted; the seed last.
local function differing(runs)
  local value, differs, count, list = {}, {}, {}, {}
  for _, run in ipairs(runs) do
    for key, found in pairs(run.params) do
      if value[key] == nil then
        value[key], count[key] = found, 0
        list[#list + 1] = key
      elseif value[key] ~= found then
        differs[key] = true
      end
      count[key] = count[key] + 1
    end
  end
  local found = {}
  for _, key in ipairs(list) do
    if differs[key] or count[key] < #runs then found[#found + 1] = key end
  end
  table.sort(found)
  return found
end

local function column(title, cell, align) return { title = title, cell = cell, align = align or "l" } end

local function numeric(runs, value)
  for _, run in ipairs(runs) do
    local found = value(run)
    if type(found) == "string" then return "l" end
  end
  return "r"
end

-- What a list of runs could show, the most telling first.
local function wanted(runs, query)
  local columns, taken = {}, {}
  local function add(one)
    if taken[one.title] then return end
    taken[one.title] = true
    columns[#columns + 1] = one
  end
  for i, key in ipairs(query.keys) do
    local metric = query.shown[i].subject == "metric"
    local function value(run) return run.shown[i] end
    add(column(key, function(run)
      return metric and run_columns.metric(run.shown[i] or nil) or run_columns.plain(run.shown[i])
    end, numeric(runs, value)))
    for _, name in ipairs(query.shown[i].names) do taken[name] = #query.shown[i].names == 1 or nil end
  end
  local metrics = metrics_of(runs)
  local function metric(key)
    if key then add(column(key, function(run) return run_columns.metric(run.metrics[key]) end, "r")) end
  end
  metric(metrics[1])
  for _, key in ipairs(differing(runs)) do
    local function value(run) return run.params[key] end
    add(column(key, function(run) return run_columns.plain(run.params[key]) end, numeric(runs, value)))
  end
  local function field(key)
    local first, differs = runs[1] and runs[1][key], false
    for _, run in ipairs(runs) do differs = differs or run[key] ~= first end
    if differs then add(column(key, function(run) return run_columns.plain(run[key]) end, numeric(runs, function(run) return run[key] end))) end
  end
  field "seed"
  field "tag"
  for i = 2, #metrics do
    if not metrics[i]:match "^train%." then metric(metrics[i]) end
  end
  return columns
end

local function status(run) return run.status .. (run.smoke == 1 and ", smoke" or "") end

--- Runs as a table.
-- @param runs what index:find gave
-- @param query what run_query.parse gave
-- @param width columns of the terminal; math.huge for all
-- @return header, rows, align (for tabulate.text), and the titles that found no room
function run_columns.of(runs, query, width)
  local list = { column("run", function(run) return run.id end), column("status", status) }
  local left, used = {}, -3
  local function measured(one)
    one.cells, one.width = {}, tabulate.width(one.title)
    for i, run in ipairs(runs) do
      one.cells[i] = one.cell(run)
      one.width = math.max(one.width, tabulate.width(one.cells[i]))
    end
    return one.width + 3
  end
  for _, one in ipairs(list) do used = used + measured(one) end
  for _, one in ipairs(wanted(runs, query)) do
    local more = measured(one)
    if used + more <= width then
      used, list[#list + 1] = used + more, one
    else
      left[#left + 1] = one.title
    end
  end
  local header, rows, align = {}, {}, ""
  for c, one in ipairs(list) do header[c], align = one.title, align .. one.align end
  for i = 1, #runs do
    rows[i] = {}
    for c, one in ipairs(list) do rows[i][c] = one.cells[i] end
  end
  return header, rows, align, left
end

return run_columns
