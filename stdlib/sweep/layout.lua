--- Which axes of a sweep are rows of a table and which are its columns.
local axes = require "sweep.axes"
local nearest = require "language.nearest"

local layout = {}

local function listed(value)
  if value == nil then return nil end
  return type(value) == "table" and value or { value }
end

--- The axes of a plan or of a sweep.json as { { key, values } }; those of a space have no list of values.
function layout.axes(spec)
  local list = {}
  for _, axis in ipairs(spec.axes) do list[#list + 1] = { key = axis.key, values = axis.values } end
  for _, axis in ipairs(spec.space) do list[#list + 1] = { key = type(axis) == "table" and axis.key or axis } end
  return list
end

--- The keys of the axes of the rows, and those of the columns, of a table's options.
function layout.of(spec, o)
  local cols, rows = listed(o.cols) or {}, listed(o.rows)
  if not rows then
    rows = {}
    local taken = {}
    for _, key in ipairs(cols) do taken[key] = true end
    for _, axis in ipairs(layout.axes(spec)) do
      if not taken[axis.key] then rows[#rows + 1] = axis.key end
    end
  end
  return rows, cols
end

--- What is wrong with the options of tabulate {} for a sweep, or nil.
function layout.problem(spec, o)
  local rows, cols = layout.of(spec, o)
  local names, by_key, used = {}, {}, {}
  for _, axis in ipairs(layout.axes(spec)) do
    names[#names + 1] = axis.key
    by_key[axis.key] = axis
  end
  for _, list in ipairs { rows, cols } do
    for _, key in ipairs(list) do
      if key == "seed" then return "means are taken over the seeds: they are no rows or columns" end
      if not by_key[key] then return ("the sweep has no axis '%s'%s"):format(key, nearest.or_all(key, names)) end
      if used[key] then return ("'%s' is named twice in rows and cols"):format(key) end
      used[key] = true
    end
  end
  for _, axis in ipairs(layout.axes(spec)) do
    if not used[axis.key] and not (axis.values and #axis.values == 1) then
      return ("the sweep varies '%s' too, and a mean over it would mix different things: name it in rows or cols")
        :format(axis.key)
    end
  end
  if o.baseline ~= nil then
    if #rows ~= 1 then return "a baseline is a value of the one axis of the rows" end
    local known = {}
    for i, value in ipairs(by_key[rows[1]].values or {}) do
      known[i] = axes.text(value)
      if value == o.baseline or known[i] == axes.text(o.baseline) then return nil end
    end
    return ("the axis '%s' has no value '%s'%s"):format(rows[1], axes.text(o.baseline),
      type(o.baseline) == "string" and nearest.or_all(o.baseline, known) or " (" .. table.concat(known, ", ") .. ")")
  end
end

return layout
