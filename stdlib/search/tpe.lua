--- The tree-structured Parzen estimator: see search.lua.
local parzen = require "search.parzen"
local random = require "search.random"

local tpe = {}

local MOST_GOOD = 25

-- The points of the history, best first: among equal ones the earlier; without a result last.
local function ranked(history)
  local order = {}
  for i = 1, #history do order[i] = i end
  local function key(i)
    local result = history[i].result
    return result == result and result or math.huge
  end
  table.sort(order, function(a, b)
    if key(a) ~= key(b) then return key(a) < key(b) end
    return a < b
  end)
  return order
end

local function places(axes, values)
  local point = {}
  for a, axis in ipairs(axes) do point[a] = axis.to_unit(values[a]) end
  return point
end

-- The candidate with the largest ratio of the good points' density to that of the others.
local function best_of(o, axes, good, bad, index, name)
  local l, g = parzen.new(axes, good, o.multivariate), parzen.new(axes, bad, o.multivariate)
  local best, best_ratio
  for c = 1, o.candidates do
    local point = l.draw(function(...)
      local words = { ... }
      for i, word in ipairs(words) do words[i] = tostring(word) end
      return random.unit(o.seed, "tpe", name, tostring(index), tostring(c), unpack(words))
    end)
    local ratio = math.log(l.density(point)) - math.log(g.density(point))
    if not best or ratio > best_ratio then best, best_ratio = point, ratio end
  end
  return best
end

--- @param o the options of tpe {}
function tpe.new(o)
  local startup = random.new(o)
  return {
    n = o.n, adaptive = true, metric = o.metric, mode = o.mode, lag = o.lag,
    propose = function(axes, index, history)
      if index <= o.startup or #history == 0 then return startup.propose(axes, index) end
      local order, good, bad = ranked(history), {}, {}
      local count = math.min(MOST_GOOD, math.ceil(o.gamma * #history))
      for rank, i in ipairs(order) do
        table.insert(rank <= count and good or bad, places(axes, history[i].values))
      end
      local values = {}
      if o.multivariate then
        local point = best_of(o, axes, good, bad, index, "all")
        for a, axis in ipairs(axes) do values[a] = axis.from_unit(point[a]) end
        return values
      end
      for a, axis in ipairs(axes) do -- each axis by itself
        local function column(points)
          local list = {}
          for i, point in ipairs(points) do list[i] = { point[a] } end
          return list
        end
        values[a] = axis.from_unit(best_of(o, { axis }, column(good), column(bad), index, axis.key)[1])
      end
      return values
    end,
  }
end

return tpe
