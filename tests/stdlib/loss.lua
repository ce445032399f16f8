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
