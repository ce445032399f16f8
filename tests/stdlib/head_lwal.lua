local t = require "test"
local host = require "host.adaptive"
local checkpoint = require "checkpoint"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local system = require "host.system"

local function float64(values) return torch.tensor(values, { dtype = "float64" }) end
local function long(values) return torch.tensor(values, { dtype = "int64" }) end

-- A head whose z are its features.
local function build(options, classes, dim)
  options.dim = dim
  local head = schema.build(schema.find "head.lwal"(options), { features = dim, classes = classes })
  head.module:to "float64"
  torch.no_grad(function()
    head.module.weight:copy_(torch.eye(dim, { dtype = "float64" }))
    head.module.bias:zero_()
  end)
  return head
end

-- { name = value } and their sum.
local function terms(head, z, target, criterion)
  local by_name, total = {}, nil
  for _, term in ipairs(head:losses(z, target, criterion)) do
    by_name[term.name] = term.value
    total = total and total + term.value or term.value
  end
  return by_name, total
end

local function total(...) return (select(2, terms(...))) end

t.test("known answer 001-01: labels, distances, probabilities, loss", function()
  local case = oracle "001-01"
  local head = build({}, 3, 3)
  local z, y = float64(case.input.z), long(case.input.y)
  t.near(terms(head, z, { y = y }).ce:item(), case.expected.loss, 1e-9)
  t.near(head:label_vectors(), case.expected.labels, 1e-9)
  t.near(-head:logits(z), case.expected.dist, 1e-8)
  t.near(head:predict(z).scores, case.expected.prob, 1e-8)
  local smooth = build({ preset = "authors" }, 3, 3)
  t.near(total(smooth, z, { y = y }):item(), case.expected.loss_label_smoothing_1e6, 1e-9)
end)

t.test("known answer 001-04: repulsion by three reductions, and the total", function()
  local case = oracle "001-04"
  local z, y = float64(case.input.z), long(case.input.y)
  for _, reduction in ipairs { "sum", "mean_all", "mean_pairs" } do
    t.near(host.repel(z, y, nil, nil, 3, reduction):item(), case.expected[reduction], 1e-8, reduction)
    local loss = schema.build(schema.find "loss.repel" { weight = 2, reduction = reduction }, { classes = 3 })
    t.near(loss(z, { y = y }):item(), 2 * case.expected[reduction], 1e-8)
  end
  t.near(total(build({ repel = case.input.lam }, 3, 3), z, { y = y }):item(), case.expected.total, 1e-8)
end)

t.test("known answer 001-06: the steps at which labels are updated", function()
  local case = oracle "001-06"
  for i, setting in ipairs(case.input.settings) do
    local head, steps = build({ warmup_steps = setting[1], update_every = setting[2] }, 2, 2), {}
    for step = 1, case.input.steps do
      local before = head:label_vectors():clone()
      head:losses(torch.full({ 2, 2 }, step, { dtype = "float64" }), { y = long { 0, 1 } })
      if not torch.equal(before, head:label_vectors()) then steps[#steps + 1] = step end
    end
    t.eq(steps, case.expected.update_steps[i])
  end
end)

t.test("known answers 001-08, 001-09: prediction by the nearest label, labels at the beginning", function()
  local case = oracle "001-08"
  local head = build({}, 3, 3)
  head.module.labels:copy_(float64(case.input.labels))
  local z = float64(case.input.z)
  t.eq(head:predict(z).y:totable(), case.expected.pred)
  t.near(-head:logits(z), case.expected.dist, 1e-8)
  local begun = oracle "001-09"
  local labels = build({}, begun.input.classes, begun.input.dim):label_vectors()
  t.eq({ labels:size(0), labels:size(1) }, begun.expected.shape)
  t.eq(labels:nonzero():totable(), begun.expected.nonzero)
  t.near(labels:sum():item(), begun.input.classes, 0)
end)

local z0 = float64 { { 0.5, -0.2, 1 }, { 0.1, 0.4, -0.3 }, { -0.6, 0.9, 0.2 }, { 0.7, 0.1, 0.8 }, { -0.5, 1.1, 0 } }
local y0 = long { 0, 1, 2, 0, 2 }

-- The gradient of `f` at z by central differences.
local function differences(f, z)
  local found, h = torch.zeros_like(z), 1e-6
  for i = 0, z:size(0) - 1 do
    for j = 0, z:size(1) - 1 do
      local step = torch.zeros_like(z)
      step[i][j] = h
      found[i][j] = (f(z + step):item() - f(z - step):item()) / (2 * h)
    end
  end
  return found
end

local function gradient(f, z)
  z = z:clone():requires_grad_()
  f(z):backward()
  return z.grad
end

t.test("gradients by finite differences: through the labels, with repulsion, soft labels, weights", function()
  local soft = torch.tensor({ { 0.7, 0.3, 0 }, { 0, 1, 0 }, { 0.1, 0.1, 0.8 }, { 0.5, 0.25, 0.25 }, { 0, 0.4, 0.6 } },
    { dtype = "float64" })
  local w = float64 { 1, 2, 0.5, 0, 1.5 }
  for _, options in ipairs { {}, { repel = 10 }, { repel = 0.3, repel_reduction = "sum" },
                             { repel = 3, repel_reduction = "mean_pairs" }, { label_smoothing = 0.2 } } do
    for _, target in ipairs { { y = y0 }, { t = soft }, { y = y0, w = w }, { t = soft, w = w },
                              { y = long { 0, 1, 2, -100, 2 }, ignore = torch.tensor { false, false, false, true, false } } } do
      local function f(z) return total(build(options, 3, 3), z, target) end
      t.near(gradient(f, z0), differences(f, z0), 1e-7)
    end
  end
end)

t.test("through = false: labels are constants, by differences with the same labels held; exact", function()
  local head = build({ through = false }, 3, 3)
  local found = gradient(function(z) return total(head, z, { y = y0 }) end, z0)
  local labels = head:label_vectors():clone()
  local function held(z) return -host.label_logits(z, labels):log_softmax(1):gather(1, y0:unsqueeze(1)):mean() end
  t.near(found, differences(held, z0), 1e-7)
  local through = gradient(function(z) return total(build({}, 3, 3), z, { y = y0 }) end, z0)
  t.ok((through - found):abs():max():item() > 1e-3)
  -- the labels themselves: exact zeros of a sample that has no part in the loss but in the mean
  local function alone(options)
    return gradient(function(z)
      return total(build(options, 3, 3), z, { y = y0 }, function(logits) return logits[0]:log_softmax(0)[0] end)
    end, z0)
  end
  t.ok(alone({ through = false })[3]:eq(0):all():item()) -- sample 3 is of sample 0's class
  t.ok(alone({})[3]:abs():max():item() > 1e-3)
  t.ok(alone({ loss_labels = "old" })[3]:eq(0):all():item())
end)

t.test("steps without an update: constants as labels, no repulsion, exact zeros", function()
  local head = build({ update_every = 3, repel = 10 }, 3, 3)
  head:losses(z0, { y = y0 })
  local labels = head:label_vectors():clone()
  local z = (z0 * 1.3):requires_grad_()
  local found = terms(head, z, { y = y0 })
  t.eq(found.repel:item(), 0)
  t.ok(torch.autograd.grad({ found.repel }, { z }, { retain_graph = true }):eq(0):all():item())
  t.ok(torch.equal(head:label_vectors(), labels))
  t.near(found.ce:item(), -host.label_logits(z0 * 1.3, labels):log_softmax(1):gather(1, y0:unsqueeze(1)):mean():item(),
    1e-12)
end)
