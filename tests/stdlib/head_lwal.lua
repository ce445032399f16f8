local t = require "test"
local host = require "host.adaptive"
local checkpoint = require "checkpoint"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local system = require "host.system"
local terms = dofile(MOONLAB_ROOT .. "/tests/head_terms.lua")

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
                              { y = long { 0, 1, 2, -100, 2 },
                                ignore = torch.tensor { false, false, false, true, false } } } do
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

t.test("a class that the batch lacks keeps its label; so does one whose mean is not finite (001-03)", function()
  local head = build({}, 4, 3)
  local first = float64 { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 }, { 1, 1, 1 } }
  head.module.labels:copy_(first)
  head:losses(float64 { { 0, 1, 0 }, { 0, 3, 0 }, { 1 / 0, 0, 0 }, { 5, 5, 5 } }, { y = long { 0, 0, 1, 3 } })
  t.eq(head:label_vectors():totable(), { { 0, 2, 0 }, { 4, 5, 6 }, { 7, 8, 9 }, { 5, 5, 5 } })
end)

t.test("the loss of an update takes the new labels, or as the listing has it the old ones (001-07)", function()
  for preset, kept in pairs { authors = false, paper = true } do
    local head = build({ preset = preset, label_smoothing = 0 }, 3, 3)
    local before = head:label_vectors():clone()
    local found = terms(head, z0, { y = y0 })
    local labels = kept and before or head:label_vectors()
    local of_labels = -host.label_logits(z0, labels):log_softmax(1):gather(1, y0:unsqueeze(1)):mean()
    t.near(found.ce:item(), of_labels:item(), 1e-12)
    t.eq(found.l2 ~= nil, kept)
    t.near(head:label_vectors()[1], z0[1], 1e-12)
  end
  local head = build({ preset = "paper", l2 = 0, warmup_steps = 1 }, 3, 3) -- what is given wins
  t.eq(head.names, { "ce" })
  local function updates()
    local before = head:label_vectors():clone()
    head:losses(torch.randn_like(z0), { y = y0 })
    return not torch.equal(before, head:label_vectors())
  end
  t.eq({ updates(), updates(), updates() }, { false, true, true })
  head:begin_epoch { epoch = 2 }
  t.eq({ updates(), updates() }, { false, true }) -- counted anew
end)

t.test("repulsion is the sum over the pairs of a [B, B] table, for hard and soft labels and weights", function()
  torch.manual_seed(4)
  local z, y = torch.randn(30, 5, { dtype = "float64" }), torch.randint(0, 4, { 30 })
  local soft, w = torch.rand(30, 4, { dtype = "float64" }):softmax(1), torch.rand(30, { dtype = "float64" })
  local u = z / z:norm(2, 1, true)
  local cosines, off = u:matmul(u:t()), 1 - torch.eye(30, { dtype = "float64" })
  local hard = y:unsqueeze(1):ne(y):double()
  local different = (1 - soft:matmul(soft:t())) * off
  local both = w:unsqueeze(1) * w
  t.near(host.repel(z, y, nil, nil, 4, "sum"):item(), (cosines * hard):sum():item(), 1e-10)
  t.near(host.repel(z, nil, soft, nil, 4, "sum"):item(), (cosines * different):sum():item(), 1e-10)
  t.near(host.repel(z, y, nil, w, 4, "mean_pairs"):item(),
    ((cosines * hard * both):sum() / (hard * both):sum()):item(), 1e-12)
  t.near(host.repel(z, nil, soft, w, 4, "mean_pairs"):item(),
    ((cosines * different * both):sum() / (different * both):sum()):item(), 1e-12)
  t.near(host.repel(z, nil, soft, nil, 4, "mean_all"):item(), (cosines * different):mean():item(), 1e-12)
end)

t.test("no pair of different classes, one sample, a vector of length 0: no cost, no gradient, all is finite",
  function()
    for _, case in ipairs { { z0, long { 1, 1, 1, 1, 1 } }, { z0:narrow(0, 0, 1), long { 2 } },
                            { torch.zeros_like(z0), y0 } } do
      for _, reduction in ipairs { "sum", "mean_all", "mean_pairs" } do
        local z = case[1]:clone():requires_grad_()
        local value = host.repel(z, case[2], nil, nil, 3, reduction)
        value:backward()
        t.eq(value:item(), 0)
        t.ok(z.grad:eq(0):all():item())
      end
      local z = case[1]:clone():requires_grad_()
      total(build({ repel = 10 }, 3, 3), z, { y = case[2] }):backward()
      t.ok(z.grad:isfinite():all():item())
    end
    local z = z0:clone()
    z[1]:zero_()
    z:requires_grad_()
    host.repel(z, y0, nil, nil, 3, "sum"):backward()
    t.ok(z.grad[1]:eq(0):all():item() and z.grad[0]:abs():sum():item() > 0)
  end)

t.test("distances: at a label the gradient is zero; second derivatives agree with differences", function()
  local labels = float64 { { 1, 2 }, { 3, 4 } }
  local z = float64 { { 1, 2 } }:requires_grad_()
  local logits = host.label_logits(z, labels)
  t.near(logits, { { -1e-6, -math.sqrt(8) } }, 1e-12)
  t.ok(torch.autograd.grad({ logits[0][0] }, { z }):eq(0):all():item())
  local inputs = { z0:clone():requires_grad_(), float64 { { 0.3, 1, 2 }, { -1, 0.2, 0.1 } }:requires_grad_() }
  t.ok(torch.autograd.gradcheck(host.label_logits, inputs))
  t.ok(torch.autograd.gradgradcheck(host.label_logits, inputs))
end)

t.test("soft labels that are one-hot are hard ones; ignored samples and those of weight 0 are not read", function()
  local head, soft = build({ repel = 5 }, 3, 3), build({ repel = 5 }, 3, 3)
  local hot = torch.zeros(5, 3, { dtype = "float64" }):scatter_(1, y0:unsqueeze(1), 1)
  t.near(total(head, z0, { y = y0 }):item(), total(soft, z0, { t = hot }):item(), 1e-12)
  t.near(head:label_vectors(), soft:label_vectors(), 1e-12)
  local function of(z, y, more)
    local made, target = build({ repel = 5 }, 3, 3), { y = long(y) }
    for key, value in pairs(more or {}) do target[key] = value end
    z = z:clone():requires_grad_()
    local value = total(made, z, target)
    value:backward()
    return value:item(), made:label_vectors(), z.grad
  end
  local value, labels, slope = of(z0, { 0, 1, 2, 0, 2 })
  local more = torch.cat({ z0, torch.full({ 1, 3 }, 0 / 0, { dtype = "float64" }) }, 0)
  for _, way in ipairs { { ignore = torch.tensor { false, false, false, false, false, true } },
                         { w = float64 { 1, 1, 1, 1, 1, 0 } } } do
    local again, others, theirs = of(more, { 0, 1, 2, 0, 2, -100 }, way)
    t.near(again, value, 1e-12)
    t.near(others, labels, 1e-12)
    t.near(theirs:narrow(0, 0, 5), slope, 1e-12)
    t.ok(theirs[5]:eq(0):all():item())
  end
end)

t.test("a batch over two ranks has the labels of the whole batch", function()
  local whole = build({}, 3, 3)
  whole:losses(z0, { y = y0 })
  local sums, counts = host.class_sums(z0:narrow(0, 3, 2), y0:narrow(0, 3, 2), nil, nil, 3)
  local part = build({}, 3, 3)
  part.reduce = function(own, count) return own + sums, count + counts end
  part:losses(z0:narrow(0, 0, 3), { y = y0:narrow(0, 0, 3) })
  t.near(part:label_vectors(), whole:label_vectors(), 1e-12)
end)

t.test("a batch that comes again is the same step", function()
  local head = build({ update_every = 2 }, 3, 3)
  local batch = { y = y0 }
  head:losses(z0, batch)
  head:losses(z0, batch)
  head:losses(z0, setmetatable({ pass = 2 }, { __index = batch }))
  t.eq(head.module.steps:item(), 1)
  head:losses(z0, { y = y0 })
  t.eq(head.module.steps:item(), 2)
  head.module:eval()
  local labels = head:label_vectors():clone()
  head:losses(z0 * 3, { y = y0 })
  t.eq(head.module.steps:item(), 2)
  t.ok(torch.equal(labels, head:label_vectors()))
end)

t.test("what it refuses", function()
  local function refused(options, text)
    t.raises(function() schema.build(schema.find "head.lwal"(options), { features = 3, classes = 3 }) end, text, true)
  end
  refused({ dim = 0 }, "dim")
  refused({ update_every = 0 }, "update_every")
  refused({ warmup_steps = -1 }, "warmup_steps")
  refused({ repel = -1 }, "repel")
  local head = build({}, 3, 3)
  t.raises(function() head:losses(z0, { y = long { 0, 1, 2, 0, 3 } }) end, "label 3 of sample 4 is not in [0, 2]")
  t.raises(function() head:losses(z0, { y = long { 0, 1 } }) end, "5 rows of outputs need labels long [5]")
  t.raises(function() head:losses(z0, { y = torch.zeros(5, 3) }) end, "head.label_set")
  t.raises(function() head:losses(z0, { t = torch.zeros(5, 4) }) end, "soft labels [5, 4]")
  t.raises(function() host.label_logits(z0, torch.zeros(3, 7)) end, "must be [B, d] and [N, d]")
  t.raises(function() host.repel(z0, y0, nil, nil, 3, "mean_al") end, "did you mean 'mean_all'?")
end)

t.test("bfloat16 under autocast: labels stay float32; a criterion of one's own sees minus the distances", function()
  torch.manual_seed(1)
  local head = schema.build(schema.find "head.lwal" { dim = 30, repel = 10 }, { features = 8, classes = 3 })
  local features = torch.randn(6, 8)
  local value, z
  torch.autocast("cpu", { dtype = torch.bfloat16 }, function()
    z = head:forward(features)
    value = total(head, z, { y = long { 0, 1, 2, 0, 1, 2 } })
  end)
  t.eq({ z.dtype, value.dtype, head:label_vectors().dtype }, { "bfloat16", "float32", "float32" })
  value:backward()
  t.ok(head.module.weight.grad:isfinite():all():item())
  local seen
  terms(build({}, 3, 3), z0, { y = y0 }, function(logits) seen = logits return logits:sum() end)
  t.ok(seen:le(0):all():item() and seen:size(1) == 3)
end)

t.test("saved in the middle and loaded, it learns on as if nothing had happened", function()
  local folder = system.temporary_folder "lwal"
  local function fresh()
    torch.manual_seed(7)
    return schema.build(schema.find "head.lwal" { dim = 6, update_every = 3, warmup_steps = 2, repel = 2 },
      { features = 4, classes = 3 })
  end
  local function learn(head, from, to)
    for step = from, to do
      torch.manual_seed(step)
      local x, y = torch.randn(8, 4), torch.randint(0, 3, { 8 })
      head.module:zero_grad()
      total(head, head:forward(x), { y = y }):backward()
      torch.no_grad(function()
        for _, p in ipairs(head.module:parameters()) do p:sub_(p.grad * 0.1) end
      end)
    end
    return head
  end
  local straight = learn(fresh(), 1, 20)
  checkpoint.save(folder .. "/half.safetensors", learn(fresh(), 1, 10).module:state_dict())
  local resumed = fresh()
  resumed.module:load_state_dict(checkpoint.load(folder .. "/half.safetensors"))
  learn(resumed, 11, 20)
  for name, tensor in pairs(straight.module:state_dict()) do
    t.ok(torch.equal(tensor, resumed.module:state_dict()[name]), name)
  end
end)

-- Behaviour (c): ten classes on a circle, which a linear trunk tells apart slowly one-hot.
local function accuracies(kind, options, epochs)
  torch.manual_seed(21)
  local n, k = 400, 8
  local y = torch.arange(k):repeat_interleave(n / k)
  local angle = y:double() * (2 * math.pi / k)
  local x = (torch.stack({ angle:cos(), angle:sin() }, 1) * 3 + torch.randn(n, 2, { dtype = "float64" }) * 0.35):float()
  torch.manual_seed(5)
  local first = require "nn.linear"(2, 32)
  local head = schema.build(schema.find("head." .. kind)(options), { features = 32, classes = k })
  local parameters = first:parameters()
  for _, p in ipairs(head.module:parameters()) do parameters[#parameters + 1] = p end
  local optim, curve = torch.optim.Adam(parameters, { lr = 3e-3 }), {}
  for epoch = 1, epochs do
    local order = torch.randperm(n)
    for from = 0, n - 50, 50 do
      scope(function()
        local rows = order:narrow(0, from, 50)
        optim:zero_grad()
        total(head, head:forward(first(x:index_select(0, rows)):relu()), { y = y:index_select(0, rows) }):backward()
        optim:step()
      end)
    end
    head.module:eval()
    curve[epoch] = head:predict(head:forward(first(x):relu())).y:eq(y):float():mean():item()
    head.module:train()
  end
  return curve
end

t.test("behaviour (c): on blobs it reaches the accuracy of one-hot labels in fewer epochs", function()
  local onehot = accuracies("softmax", {}, 20)
  local best = math.max(unpack(onehot))
  local function first(curve)
    for epoch, value in ipairs(curve) do if value >= best then return epoch end end
    return math.huge
  end
  t.ok(best > 0.9, best)
  local needed = first(onehot)
  for _, options in ipairs { {}, { dim = 80 }, { dim = 80, repel = 10 } } do
    local ours = first(accuracies("lwal", options, 20))
    t.ok(ours < needed, ("%s epochs against %d"):format(tostring(ours), needed))
  end
end)
