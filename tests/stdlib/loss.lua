local t = require "test"
local schema = require "schema"

local logits = torch.tensor({ { 1.0, 2.0, -0.5 }, { 0.3, 0.0, -1.0 }, { 2.0, 1.0, 0.5 } }, { dtype = "float64" })
local y = torch.tensor({ 2, 0, 1 }, { dtype = "int64" })

local function loss(name, options) return schema.build(schema.find("loss." .. name)(options or {})) end

t.test("ce equals LibTorch's cross entropy, with and without smoothing", function()
  t.near(loss("ce")(logits, { y = y }):item(), torch.cross_entropy_loss(logits, y):item(), 1e-12)
  local smooth = torch.cross_entropy_loss(logits, y, { label_smoothing = 0.1 }):item()
  t.near(loss("ce", { label_smoothing = 0.1 })(logits, { y = y }):item(), smooth, 1e-12)
end)

t.test("hard labels are soft ones with a single 1", function()
  local soft = torch.zeros(3, 3, { dtype = "float64" }):scatter_(1, y:unsqueeze(1), 1)
  for _, name in ipairs { "ce", "mse", "l1", "smooth_l1", "bce" } do
    t.near(loss(name)(logits, { y = y }):item(), loss(name)(logits, { t = soft }):item(), 1e-12, name)
  end
end)

t.test("the regression losses equal LibTorch's", function()
  local soft = torch.rand(3, 3, { dtype = "float64" })
  t.near(loss("mse")(logits, { t = soft }):item(), torch.mse_loss(logits, soft):item(), 1e-12)
  t.near(loss("l1")(logits, { t = soft }):item(), torch.l1_loss(logits, soft):item(), 1e-12)
  t.near(loss("smooth_l1")(logits, { t = soft }):item(), torch.smooth_l1_loss(logits, soft):item(), 1e-12)
  t.near(loss("bce")(logits, { t = soft }):item(), torch.binary_cross_entropy_with_logits(logits, soft):item(), 1e-12)
end)

t.test("bce stays finite and exact far out", function()
  local far = torch.tensor({ { 800.0, -800.0 } }, { dtype = "float64", requires_grad = true })
  local value = loss("bce")(far, { t = torch.tensor({ { 0.0, 1.0 } }, { dtype = "float64" }) })
  t.near(value:item(), 800)
  value:backward()
  t.near(far.grad, { { 0.5, -0.5 } }, 1e-12)
end)

t.test("none, sum, weights and ignored samples", function()
  local each = loss("ce", { reduction = "none" })(logits, { y = y })
  t.eq(each.shape[1], 3)
  t.near(loss("ce", { reduction = "sum" })(logits, { y = y }):item(), each:sum():item(), 1e-12)
  local w = torch.tensor({ 1.0, 3.0, 0.0 }, { dtype = "float64" })
  local values = each:totable()
  t.near(loss("ce")(logits, { y = y, w = w }):item(), (values[1] + 3 * values[2]) / 4, 1e-12)
  local ignore = torch.tensor { false, true, false }
  t.near(loss("ce")(logits, { y = y, ignore = ignore }):item(), (values[1] + values[3]) / 2, 1e-12)
end)

t.test("an ignored sample may hold nan without touching loss or gradient", function()
  local z = torch.tensor({ { 1.0, 2.0 }, { 0 / 0, 0 / 0 } }, { requires_grad = true })
  local target = { y = torch.tensor({ 0, 0 }, { dtype = "int64" }), ignore = torch.tensor { false, true } }
  local value = loss("mse")(z, target)
  t.near(value:item(), 2)
end)

t.test("sums and multiples read as the formula", function()
  local formula = schema.build(0.5 * schema.find "loss.ce" {} + 2 * schema.find "loss.mse" {})
  local expected = 0.5 * loss("ce")(logits, { y = y }):item() + 2 * loss("mse")(logits, { y = y }):item()
  t.near(formula(logits, { y = y }):item(), expected, 1e-12)
end)

t.test("gradients agree with finite differences", function()
  for _, name in ipairs { "ce", "mse", "bce", "smooth_l1" } do
    local z = logits:clone():requires_grad_()
    t.ok(torch.autograd.gradcheck(function(x) return loss(name)(x, { y = y }) end, { z }), name)
  end
end)

t.test("ce with weights of classes equals LibTorch's: hard labels, soft labels, smoothing, every reduction", function()
  local v = { 0.2, 3.0, 1.5 }
  local weight = torch.tensor(v, { dtype = "float64" })
  local soft = torch.tensor({ { 0.2, 0.5, 0.3 }, { 1.0, 0.0, 0.0 }, { 0.0, 0.1, 0.9 } }, { dtype = "float64" })
  for _, smoothing in ipairs { 0, 0.3 } do
    for number, kind in pairs { [0] = "none", [1] = "mean", [2] = "sum" } do
      local ours = loss("ce", { class_weights = v, label_smoothing = smoothing, reduction = kind })
      local theirs = { weight = weight, reduction = number, label_smoothing = smoothing }
      t.near(ours(logits, { y = y }), torch.cross_entropy_loss(logits, y, theirs), 1e-12)
      t.near(ours(logits, { t = soft }), torch.cross_entropy_loss(logits, soft, theirs), 1e-12)
    end
  end
  -- a sample's own weight multiplies that of its class, above and below the fraction line
  local w = torch.tensor({ 1.0, 3.0, 0.5 }, { dtype = "float64" })
  local each = loss("ce", { reduction = "none" })(logits, { y = y }):totable()
  local a, b, c = 1 * v[3], 3 * v[1], 0.5 * v[2]
  t.near(loss("ce", { class_weights = v })(logits, { y = y, w = w }):item(),
    (a * each[1] + b * each[2] + c * each[3]) / (a + b + c), 1e-12)
end)

t.test("balanced weights: samples / (classes * samples of the class), classes that never occur count 0", function()
  local weights = require "class_weights"
  t.eq(weights.balanced { 1, 3, 0, 4 }, { 8 / 3, 8 / 9, 0, 8 / 12 })
  local function set(...) return { counts = function(_) return { unpack(_.list) } end, list = { ... } } end
  local data = { sets = { train = set(1, 3, 4) } }
  local context = { data = data, classes = 3 }
  local function built(option, kind)
    return schema.build(schema.find(kind or "loss.ce") { class_weights = option }, context)
  end
  local by_hand = loss("ce", { class_weights = { 8 / 3, 8 / 9, 8 / 12 } })(logits, { y = y }):item()
  t.near(built "balanced"(logits, { y = y }):item(), by_hand, 1e-12)
  -- the labels of a join are the nodes of its graph
  local join = { classes = 4, parts = { { sets = { train = set(2, 1) } }, { sets = { train = set(5, 7) } } },
                 targets = { { 3, 1 }, { 1, 2 } } }
  t.eq(weights.counts(join), { 0, 6, 7, 2 })
  context.features = 5
  t.near(built("balanced", "head.softmax").criterion(logits, { y = y }):item(), by_hand, 1e-12)
  t.raises(function() built { 1, 2 } end, "class_weights has 2 numbers for 3 classes")
  t.raises(function() built { 0, 0, 0 } end, "all of class_weights are 0")
  t.raises(function() loss("ce", { class_weights = "balanced" }) end, "counts the training data of an experiment")
  t.raises(function() loss("ce", { class_weights = { 1, 2 } })(logits, { y = y }) end, "2 numbers for 3 outputs")
end)
