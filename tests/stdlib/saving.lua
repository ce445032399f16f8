local t = require "test"
local meter = require "meter"
local saving = require "saving"

-- A training of which only the clock, the step and the saver matter; `written` are the steps of its checkpoints.
local function training(every, options)
  options = options or {}
  local state, written, said = { step = 0 }, {}, {}
  function state.elapsed() return options.elapsed or 0 end
  function state.finite() return not options.diverged end
  local saver = saving.new(every, function(s)
    if options.full then error("state.pt: cannot be written: No space left on device; an older file is as it was", 0) end
    written[#written + 1] = s.step
  end, function(text) said[#said + 1] = text end)
  local function train(epochs, batches)
    for epoch = 1, epochs do
      for batch = 1, batches do
        state.step = state.step + 1
        if batch < batches then saver:after_update(state) end
      end
      saver:after_epoch(state, epoch == epochs)
    end
    return written, said
  end
  return train, saver, state
end

t.test("checkpoints by steps, by epochs, never, and for a short training none", function()
  t.eq((training(4)(2, 6)), { 4, 8, 12 })
  t.eq((training(5)(2, 6)), { 5, 10, 12 }) -- and where training ends
  t.eq((training "epoch"(3, 4)), { 4, 8, 12 })
  t.eq((training "never"(3, 4)), {})
  t.eq((training(nil)(3, 4)), {})
  t.eq((training(nil, { elapsed = 11 })(3, 4)), { 12 })
end)

t.test("by time", function()
  local train, saver = training "10m"
  saver.last = saver.last - 601
  t.eq((train(2, 3)), { 1, 6 })
  train, saver = training(nil)
  saver.last = saver.last - 11 -- long enough for the end of an epoch
  t.eq((train(2, 3)), { 3 })
  train, saver = training(nil)
  saver.last = saver.last - 601 -- and for the middle of one
  t.eq((train(2, 3)), { 1 })
  train, saver = training(nil)
  saver.last, saver.cost = saver.last - 11, 1 -- writing would be more than a fiftieth
  t.eq((train(2, 3)), {})
end)

t.test("a full disk is told once, a loss that is no number is not written", function()
  local written, said = training("epoch", { full = true })(3, 2)
  t.eq(written, {})
  t.eq(said, { "no checkpoint at step 2: state.pt: cannot be written: No space left on device; it is tried again later" })
  t.eq((training("epoch", { diverged = true })(3, 2)), {})
end)

t.test("the means of an epoch do not depend on how often they were read, nor on a checkpoint within", function()
  torch.manual_seed(3)
  local losses = torch.rand(40)
  local function epoch(reads, stops)
    local m = meter.new({ "ce" }, "cpu")
    for i = 0, 39 do
      m:add(losses[i], { losses[i] * 0.3 })
      if reads and i % 7 == 0 then m:read() end
      if stops and i == 11 then
        local other = meter.new({ "ce" }, "cpu")
        other:load_state_dict(m:state_dict())
        m = other
      end
    end
    local first = m:epoch()
    m:add(losses[0], { losses[1] })
    local second = m:epoch()
    return { first.loss, first.terms[1][2], first.steps, second.loss, second.steps }
  end
  local expected = epoch()
  t.eq(expected[5], 1)
  t.eq(epoch(true), expected)
  t.eq(epoch(true, true), expected)
  t.eq(epoch(false, true), expected)
end)
