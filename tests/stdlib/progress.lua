local t = require "test"
local progress = require "progress"

local function line(live)
  local now, written = 0, {}
  local made = progress.new {
    live = live, width = 120, clock = function() return now end, write = function(text) written[#written + 1] = text end,
  }
  return made, written, function(seconds) now = now + seconds end
end

local state = { epoch = 3, epochs = 30, step = 20, steps = 40, loss = 0.83, terms = { { "nll", 0.61 }, { "rl", 0.44 } },
                metric = { "val.top1", 0.912 }, best = { 0.919, 2 } }

t.test("the live line shows epoch, bar, speed, losses, metric, best and the time left", function()
  local bar, written, pass = line(true)
  pass(10)
  t.ok(bar:show(function() return state end))
  t.eq(written[1], "\rep 3/30 [====>    ] 10 it/s loss .83 (nll .61 rl .44) val.top1 91.2 best 91.9@2 eta 1:50\27[K")
end)

t.test("elsewhere plain lines come once an interval, without control codes", function()
  local bar, written, pass = line(false)
  t.eq(bar:show(function() return state end), false)
  pass(11)
  t.ok(bar:show(function() return state end))
  pass(1)
  t.eq(bar:show(function() return state end), false)
  t.eq(#written, 1)
  t.ok(not written[1]:find "[\r\27]" and written[1]:sub(-1) == "\n")
end)

t.test("durations and numbers read well", function()
  t.eq(progress.duration(0.44), "0.4 s")
  t.eq(progress.duration(59.4), "59 s")
  t.eq(progress.duration(372), "6:12")
  t.eq(progress.duration(3725), "1:02:05")
  t.eq(progress.short(-0.5), "-.50")
  t.eq(progress.short(0 / 0), "nan")
  t.eq(progress.short(12.34), "12.3")
end)
