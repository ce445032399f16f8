-- asha's decisions: what settles, what is early, and that the order of results changes nothing.
local t = require "test"
local halving = require "sweep.halving"

-- Feeds results in a given order to every rung that a cell reaches; gives "go"/"stop" by cell and rung.
local function play(o, rungs, count, order, value)
  local made = halving.new(o, rungs, { all = count })
  local waiting = {}
  for _, cell in ipairs(order) do waiting[#waiting + 1] = { cell, 1 } end
  while #waiting > 0 do
    local cell, k = unpack(table.remove(waiting, 1))
    made:report("all", cell, k, value(cell, k))
    for _, new in ipairs(made:decide()) do
      if new.verdict == "go" and new.rung < rungs then waiting[#waiting + 1] = { new.cell, new.rung + 1 } end
    end
  end
  local found = {}
  for cell = 1, count do
    found[cell] = {}
    for k = 1, rungs do found[cell][k] = made:verdict(cell, k) or false end
  end
  return found
end

local function shuffled(n, seed)
  local list, state = {}, seed
  for i = 1, n do list[i] = i end
  for i = n, 2, -1 do
    state = (state * 16807) % 2147483647
    local k = state % i + 1
    list[i], list[k] = list[k], list[i]
  end
  return list
end

-- Worse early, better late for some; ties among others.
local function value(cell, k) return (cell * 7919 % 13) + (cell % 3) * k end

t.test("settled: the same cells go on whatever the order; one of eta at each rung", function()
  local o = { mode = "max", eta = 3, decide = "settled" }
  local expected = play(o, 3, 27, shuffled(27, 1), value)
  for seed = 2, 30 do t.eq(play(o, 3, 27, shuffled(27, seed * 101), value), expected) end
  for k, quota in ipairs { 9, 3, 1 } do
    local go, stop = 0, 0
    for cell = 1, 27 do
      go = go + (expected[cell][k] == "go" and 1 or 0)
      stop = stop + (expected[cell][k] == "stop" and 1 or 0)
    end
    t.eq({ go, stop }, { quota, ({ 27, 9, 3 })[k] - quota })
  end
end)

t.test("a cell stops once as many as may go on are better, before all have come", function()
  local made = halving.new({ mode = "max", eta = 3, decide = "settled" }, 1, { all = 6 })
  made:report("all", 1, 1, 0.5)
  t.eq(made:decide(), {})
  made:report("all", 2, 1, 0.6)
  t.eq(made:decide(), {})
  made:report("all", 3, 1, 0.7) -- two of six go on: the worst of three cannot
  t.eq(made:decide(), { { cell = 1, rung = 1, verdict = "stop" } })
  made:report("all", 4, 1, 0.1)
  made:report("all", 5, 1, 0.2)
  t.eq(made:decide(), { { cell = 3, rung = 1, verdict = "go" }, { cell = 4, rung = 1, verdict = "stop" },
                        { cell = 5, rung = 1, verdict = "stop" } })
  made:report("all", 6, 1, 0.65)
  t.eq(made:decide(), { { cell = 2, rung = 1, verdict = "stop" }, { cell = 6, rung = 1, verdict = "go" } })
end)

t.test("smaller may be better; nan is worst; of equal ones the first goes on", function()
  local function survivors(mode, values)
    local made = halving.new({ mode = mode, eta = 3, decide = "settled" }, 1, { all = #values })
    for cell, v in ipairs(values) do made:report("all", cell, 1, v) end
    made:decide()
    local found = {}
    for cell = 1, #values do
      if made:verdict(cell, 1) == "go" then found[#found + 1] = cell end
    end
    return found
  end
  t.eq(survivors("min", { 3, 1, 2 }), { 2 })
  t.eq(survivors("max", { 0 / 0, 1, 1 }), { 2 })
  t.eq(survivors("max", { 0 / 0, 0 / 0 }), { 1 }) -- one of a stratum always goes on
  t.eq(survivors("max", { 1 }), { 1 })
end)

t.test("early: the best third of those that have come goes on at once, the rest when nothing more can come", function()
  local made = halving.new({ mode = "max", eta = 3, decide = "early" }, 2, { all = 6 })
  for cell = 1, 3 do made:report("all", cell, 1, cell) end
  t.eq(made:decide(), { { cell = 1, rung = 1, verdict = "stop" }, { cell = 3, rung = 1, verdict = "go" } })
  for cell = 4, 6 do made:report("all", cell, 1, cell) end
  made:decide()
  local words = {}
  for cell = 1, 6 do words[cell] = made:verdict(cell, 1) end
  t.eq(words, { "stop", "stop", "go", "stop", "go", "go" }) -- 3 went on too early: that is its price
  for _, cell in ipairs { 3, 5, 6 } do made:report("all", cell, 2, cell) end
  made:decide()
  t.eq({ made:verdict(3, 2), made:verdict(5, 2), made:verdict(6, 2) }, { "stop", "stop", "go" })
end)

t.test("strata are decided apart; a verdict that fell before stays", function()
  local made = halving.new({ mode = "max", eta = 2, decide = "settled" }, 1, { small = 2, large = 2 })
  made:report("small", 1, 1, 0.1)
  made:report("small", 2, 1, 0.2)
  made:report("large", 3, 1, 0.8)
  made:set(4, 1, "go")
  made:report("large", 4, 1, 0.7)
  made:decide()
  t.eq({ made:verdict(1, 1), made:verdict(2, 1), made:verdict(3, 1), made:verdict(4, 1) }, { "stop", "go", "go", "go" })
end)
