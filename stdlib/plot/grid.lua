local nearest = require "language.nearest"
local plotting = require "plotting"
local schema = require "schema"
local tabulate = require "tabulate"

-- The values that a parameter takes in the runs: numbers by size, words as they come.
local function values_of(source, name)
  local seen, list, known, names = {}, {}, {}, {}
  for _, group in ipairs(source.groups) do
    for _, run in ipairs(group.runs) do
      for param, value in pairs(run.params or {}) do
        if not known[param] then
          known[param] = true
          names[#names + 1] = param
        end
        if param == name and not seen[value] then
          seen[value] = true
          list[#list + 1] = value
        end
      end
    end
  end
  table.sort(names)
  if #list == 0 then
    error(("plot.grid: the runs have no parameter '%s'%s (%s)"):format(name, nearest.did_you_mean(name, names),
      #names > 0 and table.concat(names, ", ") or "none"), 0)
  end
  local numbers = true
  for _, value in ipairs(list) do numbers = numbers and type(value) == "number" end
  if numbers then table.sort(list) end
  return list
end

--- A metric over two parameters, such as heads by shares of the data: the mean over seeds in a cell for each pair of their
-- values. Pairs that no row has are marked; of several rows that have one the first counts.
-- @usage plot.grid { rows = "head", columns = "fraction", metric = "test.top1" }
return plotting.declare("plot.grid", {
  { "rows", "string", schema.required, "a parameter of the script, a row for each of its values", at = 1 },
  { "columns", "string", schema.required, "another one, a column for each of its values", at = 2 },
  { "metric", "string", schema.optional, "the ablation's first metric where absent" },
}, function(o, source)
  if not source then plotting.without_source("plot.grid", "its cells are rows of an ablation") end
  local key = o.metric or source:main_key()
  source:check(key)
  local rows, columns, cells, most = values_of(source, o.rows), values_of(source, o.columns), {}, 0
  for _, group in ipairs(source.groups) do
    local params, list = group.runs[1] and group.runs[1].params or {}, {}
    for i, final in ipairs(source:finals(group, key)) do list[i] = final.value end
    local row, column = params[o.rows], params[o.columns]
    if row ~= nil and column ~= nil and #list > 0 then
      cells[row] = cells[row] or {}
      if cells[row][column] == nil then cells[row][column] = (tabulate.statistics(list)) end
      most = math.max(most, #list)
    end
  end
  local values, names = {}, { {}, {} }
  for r, row in ipairs(rows) do
    names[1][r] = tostring(row)
    for c, column in ipairs(columns) do
      names[2][c] = tostring(column)
      values[#values + 1] = (cells[row] or {})[column] or 0 / 0
    end
  end
  return { kind = "heat", title = source.title, label = key, rows = names[1], columns = names[2], values = values,
           row_label = o.rows, column_label = o.columns,
           subtitle = most > 1 and ("mean over %d seeds"):format(most) or nil }
end)
