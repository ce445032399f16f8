--- What a tuner may vary: the ranges of a sweep's `space`, the values of its `grid`, and words of the command line,
-- lr=loguniform(1e-4,1e-1), head=softmax,lwal.
--
-- A space is a list of { key, kind = "number"|"integer"|"choice", low, high, log, values } in written order.
local axes = require "sweep.axes"
local language = require "language"
local nearest = require "language.nearest"
local node = require "language.node"
local schema = require "schema"

local space = {}

local ranges = { "uniform", "loguniform", "int", "choice" }

local function built(key, range)
  return { key = key, kind = range.kind, low = range.low, high = range.high, log = range.log, values = range.values }
end

--- The entry that a word key=range or key=a,b,c means; nil where it sets one value; nil and what is wrong.
function space.of_word(word)
  local key, text = word:match "^([^=~]+)=(.*)$"
  if not key then return nil end
  local name = text:match "^(%a+)%s*[%({]"
  if name then
    local known = false
    for _, range in ipairs(ranges) do known = known or range == name end
    if not known then
      return nil, ("%s: unknown range '%s'%s (%s)"):format(key, name, nearest.did_you_mean(name, ranges),
        table.concat(ranges, ", "))
    end
    local result, errors = language.evaluate({ name = word, text = "return " .. text }, nil, { any = true })
    if not result then return nil, key .. ": " .. errors[1].message end
    local problem = node.check(result.value)
    if problem then return nil, ("%s: %s: %s"):format(key, name, problem) end
    return built(key, schema.build(result.value))
  end
  local axis, problem = axes.of_word(word)
  if not axis then return nil, problem end
  return built(axis.key or axis[1], { kind = "choice", values = axis.values or axis[2] })
end

--- The space of a sweep: { entries }.
function space.of_sweep(node)
  local entries = {}
  for key, range in schema.pairs(node.args.space) do entries[#entries + 1] = built(key, schema.build(range)) end
  for key, values in schema.pairs(node.args.grid) do entries[#entries + 1] = built(key,
    { kind = "choice", values = values }) end
  return entries
end

--- As plain data for a line of JSON: { lr = { type = "float", low, high, log }, head = { type = "categorical", choices
-- } }.
function space.described(entries)
  local described = {}
  for _, entry in ipairs(entries) do
    if entry.kind == "choice" then
      described[entry.key] = { type = "categorical", choices = entry.values }
    else
      described[entry.key] = { type = entry.kind == "integer" and "int" or "float", low = entry.low, high = entry.high,
                               log = entry.log or false }
    end
  end
  return described
end

--- As Optuna's command line has it (--search-space).
function space.optuna(entries)
  local described = {}
  for _, entry in ipairs(entries) do
    if entry.kind == "choice" then
      described[entry.key] = { name = "CategoricalDistribution", attributes = { choices = entry.values } }
    elseif entry.kind == "integer" then
      described[entry.key] = { name = "IntDistribution",
                               attributes = { low = entry.low, high = entry.high, step = 1, log = entry.log or false } }
    else -- no step: any number of the range
      described[entry.key] = { name = "FloatDistribution", attributes = { low = entry.low, high = entry.high,
        log = entry.log or false } }
    end
  end
  return described
end

return space
