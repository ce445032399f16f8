-- A training taken up again from a checkpoint of each of its steps, in this process. tests/cli/resume.lua does it with
-- processes that are killed.
local t = require "test"
local language = require "language"
local runner = require "runner"
local system = require "host.system"
local training_state = require "training_state"
local trial = require "trial"

local data = os.getenv "MOONLAB_DATA" or ""
local folder = system.temporary_folder "training-state"

local function needs_data()
  for place in data:gmatch "[^:]+" do if system.stat(place .. "/mnist") then return end end
  t.skip(("no folder mnist in $MOONLAB_DATA ('%s')"):format(data))
end

local function script(parts)
  local text = [[
return experiment "state" {
  data = mnist { fraction = 0.001, val = 0.001, batch = 12 },
  model = MODEL, LOSS optim = OPTIM, train = { epochs = 3, checkpoint_every = 1, TRAIN },
  eval = { on = "val", during = { "val" } },
}]]
  local usual = { MODEL = "trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} }", LOSS = "loss = ce {},",
                  OPTIM = "sgd { lr = 0.1 }", TRAIN = "" }
  for name, value in pairs(usual) do
    local part = parts[name] or value
    text = text:gsub(name, function() return part end)
  end
  return text
end

local function build(text)
  local result, errors = language.evaluate { name = "state.lua", text = text }
  if not result then error(language.format(errors), 0) end
  local made, mistake = runner.build(result)
  if not made then error(mistake, 0) end
  return made
end

-- Trains; keeps the checkpoints as files, goes on from one of them.
-- @return { weights, records }, and the state
local function train(text, keep_all, from)
  local made, records = build(text), {}
  local state = trial.run(made, {
    log = function(record)
      record.seconds = nil
      records[#records + 1] = record
    end,
    save = function(training)
      if keep_all then torch.save(training_state.take(training), ("%s/%d.pt"):format(folder, training.step)) end
    end,
    warn = function(what) error(what, 0) end,
    resume = from and torch.load(("%s/%d.pt"):format(folder, from)),
  })
  local weights = {}
  for name, tensor in made.model.module:state_dict() do weights[name] = tensor:clone() end
  return { weights = weights, records = records }, state
end

local function same(text, steps)
  local alone, last = train(text, true)
  for _, step in ipairs(steps) do
    local again = train(text, false, step)
    for name, tensor in pairs(alone.weights) do
      t.ok(tensor:equal(again.weights[name]), ("%s from step %d"):format(name, step))
    end
    for i = 1, #again.records do
      t.eq(again.records[#again.records - i + 1], alone.records[#alone.records - i + 1], "from step " .. step)
    end
  end
  return alone, last
end

t.test("from every kind of step: the first, within, at the end of an epoch, the last", function()
  needs_data()
  local alone, state = same(script { OPTIM = "adamw { lr = 1e-2, schedule = cosine {} }" }, { 1, 3, 5, 7, 15 })
  t.eq({ #alone.records, state.step }, { 3, 15 })
end)

t.test("batches that wait for others of their update are none to stop at", function()
  needs_data()
  local text = script { TRAIN = "accumulate = 2", OPTIM = "sgd { lr = 0.1, momentum = 0.9 }" }
  same(text, { 2, 4, 5, 7 })
  t.eq(system.stat(folder .. "/8.pt") ~= nil, true) -- of the test before: this one wrote none there
  local taken = torch.load(folder .. "/7.pt")
  t.eq({ taken.epoch, taken.in_epoch, taken.closed }, { 2, 2, false })
end)

t.test("what hooks remember, what they froze, and what they draw", function()
  needs_data()
  same(script {
    LOSS = [[loss = function(out, batch)
      return torch.nn.functional.cross_entropy(out.logits + torch.rand_like(out.logits), batch.y)
    end,]],
    TRAIN = [[on = {
      epoch = function(state)
        if state.epoch == 2 then
          for name, parameter in state.model.module:named_parameters() do
            if name:find "^encoder" then parameter:requires_grad_(false) end
          end
        end
      end,
      step = function(state)
        state.memory.seen = (state.memory.seen or 0) + 1
        if state.memory.seen == 9 then state.optim:zero_grad() state.stop = "enough" end
      end }]],
  }, { 2, 6, 7 })
end)

t.test("adaptive and stored labels, and counters that begin anew with each epoch", function()
  needs_data()
  same(script { MODEL = [[trunk { vision.mlp { widths = { 8 } },
    head = head.lwal { update_every = 2, warmup_steps = 1, warmup_counts = "epoch", repel = 1 } }]], LOSS = "" },
    { 2, 6, 8 })
  same(script { MODEL = "trunk { vision.mlp { widths = { 8 } }, head = head.lwr { update_every = 1 } }", LOSS = "" },
    { 3, 5, 9 })
end)

t.test("other data, or a checkpoint of another program, are refused", function()
  needs_data()
  train(script {}, true)
  local saved = torch.load(folder .. "/7.pt")
  local function resumes(text, with)
    return function()
      trial.run(build(text), { log = function() end, save = function() end, warn = function() end, resume = with })
    end
  end
  t.raises(resumes(script {}:gsub("0.001, val", "0.002, val"), saved), "the training data are not what they were: ")
  saved.format = 99
  t.raises(resumes(script {}, saved), "it is no checkpoint that this program can go on from (format 99, here 1)")
end)

t.test("another training takes over what fits, and tells the rest", function()
  needs_data()
  local usual = script { OPTIM = "sgd { lr = 0.1, momentum = 0.9, schedule = cosine {} }" }
  train(usual, true)
  local function forked(text, from)
    local made, lost = build(text), {}
    local saved = torch.load(("%s/%d.pt"):format(folder, from))
    local state = trial.run(made, {
      log = function() end, save = function() end, warn = function() end, resume = saved, adopts = true,
      lost = function(list) lost = list end,
    })
    return state, lost, saved
  end
  -- a longer one: the moments are those of the parent, the rates its own
  local state, lost = forked(usual:gsub("epochs = 3", "epochs = 6"):gsub("lr = 0.1", "lr = 0.2"), 15)
  t.eq(lost, {})
  t.eq({ state.epoch, state.step, state.optim.steps }, { 6, 30, 30 })
  t.near(state.optim.groups[1].initial_lr, 0.2)
  -- larger batches within an epoch: the next one begins, and the schedule stands where it would
  state, lost = forked(usual:gsub("batch = 12", "batch = 30"), 7)
  t.eq(lost, { "the rest of epoch 2: the training data are others; the next epoch begins" })
  t.eq({ state.epoch, state.step, state.optim.steps }, { 3, 9, 6 })
  -- other weights
  state, lost = forked(usual:gsub("widths = { 8 }", "widths = { 9 }"), 7)
  t.eq(#lost, 4)
  t.eq(lost[1], "encoder.fc1.weight [8, 784] for [9, 784]: another shape")
  t.eq(lost[4], "the optimizer's moments: the weights differ")
  -- another optimizer
  state, lost = forked(usual:gsub("sgd { lr = 0.1, momentum = 0.9,", "adam { lr = 0.01,"), 7)
  t.eq(lost, { "the optimizer's moments: it is another optimizer" })
  t.eq(state.optim.steps, 15)
end)

t.test("weights that predict are the averaged ones", function()
  needs_data()
  local _, state = train(script { TRAIN = "ema = 0.5" }, true)
  local saved = torch.load(("%s/%d.pt"):format(folder, state.step))
  local weights = training_state.weights(saved)
  for name, tensor in state.model.module:state_dict() do
    t.ok(weights[name]:equal(tensor), name) -- training ends with them
  end
  t.ok(not weights["head.weight"]:equal(saved.model["head.weight"]))
end)

system.remove(folder)
