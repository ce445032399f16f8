local t = require "test"
local smoke = require "smoke"

-- A set that only tells which of its samples are kept.
local function set(size)
  return { size = function() return size end, subset = function(_, places) return { places = places } end }
end

t.test("sets are cut to a few samples from everywhere in them, small ones stay", function()
  local small = set(20)
  local cut = smoke.sets { train = set(1280), val = small, test = set(128) }
  t.eq(#cut.train.places, 128)
  t.eq({ cut.train.places[1], cut.train.places[2], cut.train.places[128] }, { 0, 10, 1270 })
  t.eq({ #cut.test.places, cut.test.places[64] }, { 64, 126 })
  t.ok(cut.val == small)
end)

t.test("few steps, and all else as it was", function()
  local made = smoke.options { name = "x", train = { steps = 500, clip = 1 }, eval = { on = "test" } }
  t.eq({ made.train.steps, made.train.epochs, made.train.clip, made.name, made.eval.on }, { 3, 2, 1, "x", "test" })
  made = smoke.options { train = { epochs = 1 } }
  t.eq({ made.train.steps, made.train.epochs }, { 3, 1 })
  t.eq(smoke.options { train = { steps = 2 } }.train.steps, 2)
end)
