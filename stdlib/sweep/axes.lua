--- The axes of a sweep: their type, what must hold among them, and values as the command line has them.
local node = require "language.node"
local order = require "language.order"
local nearest = require "language.nearest"
local types = require "language.types"

local axes = {}

local ranges = { uniform = true, loguniform = true, int = true, choice = true }

--- The type of a grid's axis: a list of values; what stands there instead gets told where it belongs.
function axes.type()
  local list = types.compile "list of (number or string or boolean or list of (number or string))"
  local self = setmetatable({ phrase = "a list of values" }, { __index = list })
  function self.convert(value, place)
    if node.is(value) and ranges[value.kind] then
      place:fail(("%s: '%s' is a range: ranges stand in space = { ... }, drawn from by search = random { n = 64 }")
        :format(place.owner, place.label))
      return {}
    end
    if type(value) ~= "table" and value ~= nil then
      place:mismatch(self.phrase, value, (" (write { %s })"):format(types.describe(value)))
      return {}
    end
    return list.convert(value, place)
  end
  function self.fits(value) return type(value) == "table" and list.fits(value) end
  return self
end

-- The number of a path's component that says on which split a metric is measured: "pets.test.top1".
local function of_test(metric)
  local split = metric:match "^(.*)%."
  for part in (split or ""):gmatch "[^.]+" do
    if part == "test" then return true end
  end
end

--- Is something chosen by a metric of test data? What is wrong then, or nil.
function axes.selection(o)
  if o.allow_test_selection then return nil end
  for _, field in ipairs { "prune", "search" } do
    local metric = o[field] and o[field].args.metric
    if metric and of_test(metric) then
      return ("%s would choose by '%s', a metric of test data; choose by validation data, or write "
        .. "allow_test_selection = true"):format(o[field].kind, metric), field
    end
  end
end

local function same_value(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  if #a ~= #b then return false end
  for i = 1, #a do if a[i] ~= b[i] then return false end end
  return true
end

--- A value as the command line and labels write it: 0.1, lwal, true; lists with commas.
function axes.text(value)
  if type(value) == "number" then return order.number(value) end
  if type(value) == "table" then
    local parts = {}
    for i, item in ipairs(value) do parts[i] = axes.text(item) end
    return table.concat(parts, ",")
  end
  return tostring(value)
end

--- key=value for the command line of a trial.
function axes.override(key, value)
  local text = axes.text(value)
  if type(value) == "string" and text:find(",", 1, true) then text = '"' .. text .. '"' end
  return key .. "=" .. text
end

--- What several options of a sweep must satisfy together: nil, or what is wrong and the option.
function axes.problem(o)
  local names = {}
  for _, key in ipairs(order.keys(o.grid)) do
    local values = o.grid[key]
    names[#names + 1] = key
    if #values == 0 then return ("the axis '%s' has no values"):format(key), "grid" end
    for i, value in ipairs(values) do
      for k = 1, i - 1 do
        if same_value(values[k], value) then
          return ("the axis '%s' has the value %s twice"):format(key, axes.text(value)), "grid"
        end
      end
    end
    if o.space[key] then return ("'%s' is an axis of the grid and of the space"):format(key), "space" end
    if key == "seed" and o.seeds then
      return "seeds are given twice: as seeds and as an axis 'seed' of the grid", "seeds"
    end
  end
  local ranges = order.keys(o.space)
  for _, key in ipairs(ranges) do
    names[#names + 1] = key
    if key == "seed" then return "seeds are no range to search: write seeds = { 1, 2, 3 }", "space" end
  end
  if #ranges > 0 and not o.search then
    return "a space needs a search that draws from it: search = random { n = 64 }", "space"
  end
  if o.search and #ranges == 0 then
    return ("%s needs ranges to draw from: space = { lr = loguniform(1e-4, 1e-1) }"):format(o.search.kind), "search"
  end
  if #names == 0 and not o.seeds then return "nothing varies: write grid = { key = { value, value } }", "grid" end
  if o.seeds and #o.seeds == 0 then return "the list of seeds is empty", "seeds" end
  for i, seed in ipairs(o.seeds or {}) do
    for k = 1, i - 1 do
      if o.seeds[k] == seed then return ("the seed %s stands there twice"):format(tostring(seed)), "seeds" end
    end
  end
  local problem, field = axes.selection(o)
  if problem then return problem, field end
  if o.prune and o.search and o.search.kind == "tpe" then
    return "asha holds trials back until others come, and tpe draws others only when results are there: take random or "
      .. "sobol with it, or leave asha out", "prune"
  end
  if o.prune then
    local function known(key)
      for _, name in ipairs(names) do if name == key then return true end end
    end
    for _, key in ipairs(o.prune.args.within) do
      if not known(key) then
        return ("asha: within: the sweep has no axis '%s'%s"):format(key, nearest.or_all(key, names)), "prune"
      end
    end
    for _, key in ipairs(order.keys(o.prune.args.never)) do
      if not known(key) then
        return ("asha: never: the sweep has no axis '%s'%s"):format(key, nearest.or_all(key, names)), "prune"
      end
    end
  end
end

-- "a,b" at commas outside of quotes.
local function parts_of(text)
  local parts, start, quoted = {}, 1, false
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == '"' then quoted = not quoted end
    if c == "," and not quoted then
      parts[#parts + 1] = text:sub(start, i - 1)
      start = i + 1
    end
  end
  parts[#parts + 1] = text:sub(start)
  return parts
end

--- What a text of the command line most plainly is, for where() and derive().
function axes.value(text)
  local number = tonumber(text)
  if number then return number end
  if text == "true" or text == "false" then return text == "true" end
  return text:match '^"(.*)"$' or text
end

--- key=a,b,c or key=0..4 as an axis { key, values }; nil where the word gives one value; nil and what is wrong.
function axes.of_word(word)
  local key, text = word:match "^([^=~]+)=(.*)$"
  if not key then return nil end
  local values = {}
  local parts = parts_of(text)
  local ranged = false
  for _, part in ipairs(parts) do
    local first, last = part:match "^(%-?%d+)%.%.(%-?%d+)$"
    if first then
      ranged, first, last = true, tonumber(first), tonumber(last)
      if first > last then return nil, ("%s: the range %s is empty"):format(key, part) end
      if last - first >= 100000 then return nil, ("%s: the range %s has too many values"):format(key, part) end
      for value = first, last do values[#values + 1] = value end
    elseif part == "" and #parts > 1 then
      return nil, ("%s: a value is missing in '%s'"):format(key, text)
    else
      values[#values + 1] = axes.value(part)
    end
  end
  if #parts == 1 and not ranged then return nil end
  for i, value in ipairs(values) do
    for k = 1, i - 1 do
      if values[k] == value then return nil, ("%s: the value %s stands there twice"):format(key, axes.text(value)) end
    end
  end
  return { key = key, values = values }
end

return axes
