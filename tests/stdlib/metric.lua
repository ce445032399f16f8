local t = require "test"
local schema = require "schema"

local function metric(name, options)
  local made = schema.build(schema.find("metric." .. name)(options or {}))
  made:reset()
  return made
end

local y = torch.tensor({ 0, 1, 2, 1 }, { dtype = "int64" })

t.test("top1 and error count over batches of any size", function()
  local top1, wrong = metric "top1", metric "error"
  for _, part in ipairs { { 0, 3 }, { 3, 4 } } do
    local truth = y[{ part }]
    local guess = torch.tensor({ 0, 2, 2, 1 }, { dtype = "int64" })[{ part }]
    top1:add({ y = guess }, { y = truth })
    wrong:add({ y = guess }, { y = truth })
  end
  t.near(top1:value(), 0.75, 1e-12)
  t.near(wrong:value(), 0.25, 1e-12)
  top1:reset()
  t.ok(top1:value() ~= top1:value(), "nothing counted is nan")
end)

t.test("counts survive the scope of a batch", function()
  local top1 = metric "top1"
  for _ = 1, 3 do
    scope(function() top1:add({ y = y + 0 }, { y = y }) end)
  end
  t.eq(top1:value(), 1)
end)

t.test("ece is 0 for calibrated scores and the gap otherwise", function()
  -- four samples at confidence 0.75, three of them right: calibrated
  local scores = torch.tensor { { 0.75, 0.25 }, { 0.75, 0.25 }, { 0.75, 0.25 }, { 0.75, 0.25 } }
  local ece = metric "ece"
  ece:add({ scores = scores }, { y = torch.tensor({ 0, 0, 0, 1 }, { dtype = "int64" }) })
  t.near(ece:value(), 0, 1e-6)
  ece:reset()
  ece:add({ scores = scores }, { y = torch.tensor({ 1, 1, 1, 1 }, { dtype = "int64" }) })
  t.near(ece:value(), 0.75, 1e-6)
end)

t.test("ece weighs its bins by their sizes", function()
  local ece = metric("ece", { bins = 10 })
  ece:add({ scores = torch.tensor { { 0.95, 0.05 }, { 0.55, 0.45 }, { 0.55, 0.45 } } },
    { y = torch.tensor({ 0, 0, 1 }, { dtype = "int64" }) })
  t.near(ece:value(), (0.05 + math.abs(1 - 1.1)) / 3, 1e-6)
end)

t.test("a metric of paths says what it needs", function()
  t.raises(function() metric "path_valid":add({ y = y }, { y = y }) end, "needs a path_decoder")
  t.raises(function() metric "ece":add({ y = y }, { y = y }) end, "gives no probabilities")
end)
