-- run(e): an experiment trained at the prompt, what it gives, and training that goes on from it.
local t = require "test"
local system = require "host.system"

local folder = system.temporary_folder "moonlab-here"
system.mkdir(folder .. "/mnist5k")
do
  local lines = {}
  for i = 0, 4999 do
    local pixels = {}
    for k = 1, 783 do pixels[k] = (i * 7 + k * (1 + math.floor(i / 500))) % 256 end
    lines[i + 1] = ("%d,%s,%d"):format(i % 256, table.concat(pixels, ","), math.floor(i / 500))
  end
  system.write_atomic(folder .. "/mnist5k/mnist_5k.csv", table.concat(lines, "\n"))
end
system.set_environment("MOONLAB_DATA", folder)

local function small(more)
  return experiment "small" { data = mnist5k { per_class = 4, val = 1, test = 3, batch = 8 },
    model = trunk { vision.cnn { channels = { 2 }, width = 6, dropout = 0.2 }, head = head.softmax {} },
    optim = adamw { lr = function(c) return c.train.epochs / 200 end, weight_decay = 0.1 }, train = more
      or { epochs = 2 },
    eval = { during = { "val" } } }
end

local function weights(r)
  local list = {}
  for name, tensor in pairs(r.model.module:state_dict()) do list[name] = tensor end
  return list
end

t.test("it gives model, data, metrics, labels, the configuration and predictions", function()
  local r = run(small(), { quiet = true })
  t.eq({ r.status, r.epoch, r.step, #r.course, r.data.classes, r.labels[3] }, { "done", 2, 10, 2, 10, "2" })
  t.eq(r.config.optim.lr, 0.01)
  t.eq(r.metrics, r:evaluate())
  t.ok(r.metrics["test.top1"] >= 0)
  t.eq(r:predict(torch.zeros(3, 1, 28, 28)).y.shape, { 3 })
  t.ok(tostring(r):find "^run of small %(done%): 2 epochs, 10 steps, ")
end)

t.test("training goes on as if it had not stopped, with averages of weights too", function()
  for _, more in ipairs { { ema = 0.5 }, {} } do
    more.epochs = 2
    local together = run(small(more), { "train.epochs=4", "optim.lr=0.01", quiet = true })
    local parts = run(small(more), { quiet = true })
    t.eq(parts:train(2).epoch, 4)
    t.eq({ parts.step, #parts.course }, { together.step, #together.course })
    t.eq(weights(parts), weights(together))
    t.eq(parts.metrics, together.metrics)
  end
end)

t.test("further steps, a stretched schedule, and what is no number of epochs", function()
  local e = experiment "s" { data = mnist5k { per_class = 4, test = 3, batch = 8 },
    model = trunk { vision.mlp {}, head = head.softmax {} },
    optim = sgd { lr = 1, schedule = cosine {} }, train = { steps = 4 } }
  local r = run(e, { quiet = true })
  t.eq({ r.step, r.made.optim.groups[1].lr < 1e-9 }, { 4, true })
  r:train { steps = 4 }
  t.eq({ r.step, r.made.optim.total }, { 8, 8 })
  t.raises(function() r:train(0) end, "train: a number of epochs, or { steps = n }")
end)

t.test("the experiment itself stays as it was written", function()
  local e = small()
  t.eq(run(e, { "train.epochs=1", "optim.lr=3", quiet = true }).config.optim.lr, 3)
  t.eq({ e.train.epochs, type(e.optim.lr) }, { 2, "function" })
end)

t.test("scripts by their path, and mistakes", function()
  system.write_atomic(folder .. "/s.lua", "local p = params { w = 3 }\n"
    .. "return experiment 'f' { data = mnist5k { per_class = 2, test = 1 }, model = trunk { vision.mlp { widths = { "
    .. "p.w } }, head = head.softmax {} },\n"
    .. "  train = { epochs = 1 } }")
  t.eq(run(folder .. "/s.lua", { "w=5", quiet = true }).config.model.encoder.widths, { 5 })
  t.raises(function() run(folder .. "/s.lua", { "v=5" }) end,
    "override 'v=5': unknown parameter 'v'; did you mean 'w'?")
  t.raises(function() run(small(), { "optim.lrr=5" }) end, "unknown key 'lrr' in adamw{}; did you mean 'lr'?")
  t.raises(function() run(3) end, "run: an experiment or the path of a script, got 3")
  t.raises(function() run(adamw {}) end, "run: an experiment or the path of a script, got adamw{}")
  t.raises(function() run(experiment "x" { data = mnist5k {}, model = trunk { vision.mlp {}, head = head.softmax {} },
    eval = { metrics = { "top2" } } }) end, "unknown metric 'top2'; did you mean 'top1'?")
end)

system.remove(folder)
