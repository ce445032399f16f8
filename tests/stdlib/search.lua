-- Searches of a sweep: points against PyTorch's and scipy's, densities against sums, TPE on functions with a known
-- best.
local t = require "test"
local parzen = require "search.parzen"
local schema = require "schema"
local sobol = require "search.sobol"

local function axis(node, key)
  local made = schema.build(node)
  made.key = key
  return made
end

local function build(node) return schema.build(node) end

t.test("Sobol's sequence is scipy's (scramble = False) and torch's", function()
  -- scipy.stats.qmc.Sobol(4, scramble = False).random(8)
  local expected = {
    { 0, 0, 0, 0 }, { 0.5, 0.5, 0.5, 0.5 }, { 0.75, 0.25, 0.25, 0.25 }, { 0.25, 0.75, 0.75, 0.75 },
    { 0.375, 0.375, 0.625, 0.875 }, { 0.875, 0.875, 0.125, 0.375 }, { 0.625, 0.125, 0.875, 0.625 },
    { 0.125, 0.625, 0.375, 0.125 } }
  t.eq(sobol.points(8, 4, false, 0):totable(), expected)
  t.eq(sobol.points(1, 2, false, 0):totable(), { { 0, 0 } })
end)

t.test("scrambled it is torch.quasirandom.SobolEngine's of the same seed", function()
  -- torch.quasirandom.SobolEngine(3, scramble = True, seed = 7).draw(4, dtype = torch.float64)
  local expected = { { 0.19947313, 0.17093220, 0.74935693 }, { 0.69220829, 0.71149492, 0.48982981 },
                     { 0.85054911, 0.29627064, 0.78798059 }, { 0.35781371, 0.83689630, 0.04311751 } }
  for i, row in ipairs(sobol.points(4, 3, true, 7):totable()) do
    for a, value in ipairs(row) do t.near(value, expected[i][a], 1e-8) end
  end
end)

t.test("drawing scrambled points leaves the program's own random stream alone", function()
  torch.manual_seed(3)
  local expected = torch.rand(2):totable()
  torch.manual_seed(3)
  sobol.points(4, 3, true, 7)
  t.eq(torch.rand(2):totable(), expected)
end)

t.test("ranges: every value has a place in [0, 1), and every place a value", function()
  local rate, layers, width = axis(schema.find "loguniform"(1e-4, 1e-1), "lr"), axis(schema.find "int"(2, 5), "layers"),
    axis(schema.find "int" { 16, 1024, log = true }, "width")
  t.near(rate.from_unit(0.5), math.sqrt(1e-5), 1e-8)
  t.near(rate.to_unit(1e-2), 2 / 3, 1e-12)
  local seen = {}
  for i = 0, 99 do seen[layers.from_unit(i / 100)] = (seen[layers.from_unit(i / 100)] or 0) + 1 end
  t.eq(seen, { [2] = 25, [3] = 25, [4] = 25, [5] = 25 })
  t.eq({ width.from_unit(0), width.from_unit(0.999999) }, { 16, 1024 })
  for value = 2, 5 do t.eq(layers.from_unit(layers.to_unit(value)), value) end
  local word = axis(schema.find "choice" { "relu", "gelu", true }, "act")
  for _, value in ipairs { "relu", "gelu", true } do t.eq(word.from_unit(word.to_unit(value)), value) end
end)

t.test("wrong ranges are refused", function()
  t.raises(function() schema.find "uniform"(2, 1) end, "the range is empty: from 2 to 1")
  t.raises(function() schema.find "loguniform"(0, 1) end, "must be a positive number, got 0")
  t.raises(function() schema.find "choice" { 1, 2, 1 } end, "'1' stands there twice")
  t.raises(function() schema.find "int" { 0, 4, log = true } end, "begins at 1 or above, got 0")
end)

t.test("random points are the same each time; more points and further axes change none", function()
  local x, y = axis(schema.find "uniform"(0, 1), "x"), axis(schema.find "uniform"(0, 1), "y")
  local few, many = build(schema.find "random" { n = 2, seed = 5 }), build(schema.find "random" { n = 9, seed = 5 })
  t.eq(few.propose({ x }, 2), { many.propose({ x, y }, 2)[1] })
  t.ok(few.propose({ x }, 1)[1] ~= few.propose({ x }, 2)[1])
  t.ok(build(schema.find "random" { n = 2, seed = 6 }).propose({ x }, 1)[1] ~= few.propose({ x }, 1)[1])
end)

t.test("a Parzen density integrates to one, over each kind of axis and over all together", function()
  local x, c = axis(schema.find "uniform"(0, 1), "x"), axis(schema.find "choice" { "a", "b", "c" }, "c")
  local points = { { 0.1, 0.5 }, { 0.15, 0.5 }, { 0.8, 0.9 } }
  for _, together in ipairs { false, true } do
    local made = parzen.new({ x, c }, points, together)
    local sum, n = 0, 600
    for i = 0, n - 1 do
      for k = 0, 2 do sum = sum + made.density { (i + 0.5) / n, (k + 0.5) / 3 } end
    end
    t.near(sum / (3 * n), 1, 1e-4)
  end
end)

-- Smallest value found on a function of two numbers and a choice, whose best is 0.
local function best_of(search, axes)
  local history, best = {}, math.huge
  for k = 1, search.n do
    local v = search.propose(axes, k, history)
    local result = (v[1] - 1.3) ^ 2 + (math.log10(v[2]) + 2.5) ^ 2 + (v[3] == "b" and 0 or 1)
    history[k] = { values = v, result = result }
    best = math.min(best, result)
  end
  return best
end

t.test("TPE finds better points than random search with the same number of trials", function()
  local axes = { axis(schema.find "uniform"(-5, 5), "x"), axis(schema.find "loguniform"(1e-5, 1), "y"),
                 axis(schema.find "choice" { "a", "b", "c" }, "c") }
  local sums = { 0, 0, 0 }
  for seed = 0, 9 do
    sums[1] = sums[1] + best_of(build(schema.find "random" { n = 60, seed = seed }), axes)
    sums[2] = sums[2] + best_of(build(schema.find "tpe" { "m", n = 60, seed = seed }), axes)
    sums[3] = sums[3] + best_of(build(schema.find "tpe" { "m", n = 60, seed = seed, multivariate = true }), axes)
  end
  t.ok(sums[2] < 0.8 * sums[1], ("random %.3f, tpe %.3f"):format(sums[1] / 10, sums[2] / 10))
  t.ok(sums[3] < 0.2 * sums[1], ("random %.3f, tpe over all axes %.3f"):format(sums[1] / 10, sums[3] / 10))
end)

t.test("a point of TPE follows from its number and the results before it, whatever was drawn in between", function()
  local axes = { axis(schema.find "uniform"(0, 1), "x") }
  local history = {}
  for i = 1, 12 do history[i] = { values = { i / 13 }, result = (i / 13 - 0.4) ^ 2 } end
  local one, other = build(schema.find "tpe" { "m", n = 20 }), build(schema.find "tpe" { "m", n = 20 })
  other.propose(axes, 14, history)
  torch.rand(3)
  t.eq(one.propose(axes, 13, history), other.propose(axes, 13, history))
  history[3].result = 0 / 0 -- a failed trial is no good point
  t.ok(one.propose(axes, 13, history)[1] >= 0)
end)
