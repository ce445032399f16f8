--- Parzen estimators on [0, 1): a density over the points seen, from which new ones are drawn (tpe.lua).
--
-- A number is a mixture of normal distributions cut off at 0 and 1, one around each point and a wide one over the whole
-- range (the prior, centre 1/2 and deviation 1); a choice is a table of how often each of its values came, one more for
-- each. With several axes together a component is the product of its axes.
local parzen = {}

local function erf(list) return torch.erf(torch.tensor(list, { dtype = "float64" })):totable() end

local function normal(x, mean, deviation)
  local z = (x - mean) / deviation
  return math.exp(-z * z / 2) / (deviation * math.sqrt(2 * math.pi))
end

-- Deviations of one axis: from each point to the farther of its neighbours, the prior's centre being one of the points,
-- at least 1 / min(100, points + 1) (Bergstra et al. 2011, section 4.2, as their program hyperopt has it).
local function neighbours(points)
  local order, deviations, n = {}, {}, #points
  for i = 1, n + 1 do order[i] = i end
  local function at(i) return points[i] or 0.5 end
  table.sort(order, function(a, b)
    if at(a) ~= at(b) then return at(a) < at(b) end
    return a < b
  end)
  local least = 1 / math.min(100, n + 2)
  for rank, i in ipairs(order) do
    local before = rank > 1 and at(i) - at(order[rank - 1]) or 0
    local after = rank <= n and at(order[rank + 1]) - at(i) or 0
    deviations[i] = math.max(least, math.min(1, math.max(before, after)))
  end
  return deviations
end

-- One axis of a density: components i = 1 .. n are the points', n + 1 is the prior.
local function numeric(points, deviation)
  local n = #points
  local deviations = deviation and {} or neighbours(points)
  local means, low, high = {}, {}, {}
  for i = 1, n do
    means[i] = points[i]
    deviations[i] = deviation or deviations[i]
  end
  means[n + 1], deviations[n + 1] = 0.5, 1
  for i = 1, n + 1 do
    low[i] = (0 - means[i]) / (deviations[i] * math.sqrt(2))
    high[i] = (1 - means[i]) / (deviations[i] * math.sqrt(2))
  end
  low, high = erf(low), erf(high)
  return {
    density = function(x, i) return normal(x, means[i], deviations[i]) / ((high[i] - low[i]) / 2) end,
    draw = function(i, unit) -- a normal number, drawn again while it falls outside
      for try = 1, 1000 do
        local radius = math.sqrt(-2 * math.log(1 - unit(try, "radius")))
        local x = means[i] + deviations[i] * radius * math.cos(2 * math.pi * unit(try, "angle"))
        if x >= 0 and x < 1 then return x end
      end
      return means[i]
    end,
  }
end

-- A choice of k values: component i has the value of its point, mixed with one chance for each value.
local function choice(points, k)
  local n = #points
  local function place(x) return math.min(k, math.floor(x * k) + 1) end
  local own = {}
  for i = 1, n do own[i] = place(points[i]) end
  local share = 1 / (n + 1)
  return {
    density = function(x, i)
      if i > n then return 1 end
      return k * ((1 - share) * (own[i] == place(x) and 1 or 0) + share / k)
    end,
    draw = function(i, unit)
      if i > n or unit(1, "radius") < share then return unit(1, "angle") end
      return (own[i] - 0.5) / k
    end,
  }
end

--- A density over some axes.
-- @param axes built ranges (space.lua)
-- @param points list of points, each a list of places in [0, 1) of these axes
-- @param together one component over all axes (deviation 0.2 n^(-1/(d + 4)), Scott's exponent) instead of one mixture
-- for
--   each axis
-- @return { density = function(point), draw = function(unit) -> point }, unit = function(name...) -> number in [0, 1)
function parzen.new(axes, points, together)
  local n, made = #points, {}
  local deviation = together and 0.2 * math.max(n, 1) ^ (-1 / (#axes + 4)) or nil
  for a, axis in ipairs(axes) do
    local places = {}
    for i, point in ipairs(points) do places[i] = point[a] end
    made[a] = axis.kind == "choice" and choice(places, #axis.values) or numeric(places, deviation)
  end
  local function component(unit, name) return math.min(n + 1, math.floor(unit("component", name) * (n + 1)) + 1) end
  return {
    density = function(point)
      if together then
        local sum = 0
        for i = 1, n + 1 do
          local product = 1
          for a = 1, #axes do product = product * made[a].density(point[a], i) end
          sum = sum + product
        end
        return sum / (n + 1)
      end
      local product = 1
      for a = 1, #axes do
        local sum = 0
        for i = 1, n + 1 do sum = sum + made[a].density(point[a], i) end
        product = product * sum / (n + 1)
      end
      return product
    end,
    draw = function(unit)
      local point, whole = {}, component(unit, "all")
      for a, axis in ipairs(axes) do
        local i = together and whole or component(unit, axis.key)
        point[a] = made[a].draw(i, function(...) return unit(axis.key, ...) end)
      end
      return point
    end,
  }
end

return parzen
