local t = require "test"
local host = require "host.adaptive"
local checkpoint = require "checkpoint"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local system = require "host.system"
local terms = dofile(MOONLAB_ROOT .. "/tests/head_terms.lua")

local function float64(values) return torch.tensor(values, { dtype = "float64" }) end
local function long(values) return torch.tensor(values, { dtype = "int64" }) end

-- A head whose logits are its features.
local function build(options, classes, samples)
  local head = schema.build(schema.find "head.lwr"(options),
    { features = classes, classes = classes, samples = samples })
  head.module:to "float64"
  torch.no_grad(function()
    head.module.weight:copy_(torch.eye(classes, { dtype = "float64" }))
    head.module.bias:zero_()
  end)
  return head
end

t.test("known answer 001-11: shares of ten epochs, and the epochs that store", function()
  local case = oracle "001-11"
  for _, form in ipairs { "lwal", "lwr" } do
    local head, stores = build({ form = form, update_every = case.input.k }, 3), {}
    for epoch = 1, case.input.T do
      head:begin_epoch { epoch = epoch, epochs = case.input.T }
      t.near(head.now, case.expected["beta_" .. form][epoch], 1e-12)
      if head.writes then stores[#stores + 1] = epoch end
    end
    t.eq(stores, case.expected.store_epochs)
  end
end)

local before, now = float64 { { 1, 1, -2 }, { 0, 0.5, 3 } }, float64 { { 2, -1, 0.5 }, { 0.3, 0.8, -1.2 } }
local y0 = long { 0, 1 }

-- The numbers are PyTorch's: cross_entropy, and kl_div(..., reduction = "batchmean") with tau = 5.
t.test("both forms of the loss, with what was stored epochs ago (001-10)", function()
  local expected = { lwr = { kl = 1.9887350935232107, share = 0.9 * 2 / 4 },
                     lwal = { kl = 0.6126295332362126, share = 0.9 * 3 / 4 } }
  for form, numbers in pairs(expected) do
    local head, target = build({ form = form, update_every = 2 }, 3, 9), { y = y0, idx = long { 4, 7 } }
    local function epoch(e, z)
      head:begin_epoch { epoch = e, epochs = 4 }
      return terms(head, z, { y = y0, idx = target.idx })
    end
    local first = epoch(1, before * 9)
    t.eq(head:soft_labels():abs():sum():item(), 0)
    t.eq(first.kl:item(), 0)
    epoch(2, before)
    t.near(head:soft_labels():index_select(0, target.idx), (before / 5):softmax(1), 1e-12)
    t.eq(head:soft_labels():sum(1):gt(0):sum():item(), 2)
    local found = epoch(3, now)
    t.near(found.ce:item(), (1 - numbers.share) * 0.3981341081495738, 1e-9, form)
    t.near(found.kl:item(), numbers.share * numbers.kl, 1e-9, form)
    t.near(head:soft_labels():index_select(0, target.idx), (before / 5):softmax(1), 1e-12) -- epoch 3 stores nothing
    epoch(4, now)
    t.near(head:soft_labels():index_select(0, target.idx), (now / 5):softmax(1), 1e-12)
  end
end)

t.test("gradients by finite differences; what is stored has none", function()
  for _, options in ipairs { { form = "lwr" }, { form = "lwal", temperature = 2 }, { l2 = 0.1, beta = 0.4 } } do
    options.update_every = 1
    local head = build(options, 3, 9)
    local idx = long { 0, 1 }
    head:begin_epoch { epoch = 1, epochs = 2 }
    head:losses(before:clone():requires_grad_(), { y = y0, idx = idx })
    t.eq(head:soft_labels().requires_grad, false)
    local kept = head:soft_labels():clone()
    local soft = float64 { { 0.5, 0.5, 0 }, { 0, 0.1, 0.9 } }
    for _, target in ipairs { { y = y0 }, { t = soft }, { y = y0, w = float64 { 2, 1 } } } do
      local function f(z)
        head.module.soft:copy_(kept)
        head:begin_epoch { epoch = 2, epochs = 2 }
        return (select(2, terms(head, z, { y = target.y, t = target.t, w = target.w, idx = idx })))
      end
      t.ok(torch.autograd.gradcheck(f, { now:clone():requires_grad_() }))
    end
  end
end)

t.test("a sample without a soft label has its cross entropy in full", function()
  local head = build({ update_every = 1 }, 3, 9)
  head:begin_epoch { epoch = 1, epochs = 2 }
  head:losses(before:narrow(0, 0, 1), { y = long { 0 }, idx = long { 3 } })
  head:begin_epoch { epoch = 2, epochs = 2 }
  local found = terms(head, now, { y = y0, idx = long { 3, 5 } })
  local each = -now:log_softmax(1):gather(1, y0:unsqueeze(1)):squeeze(1)
  t.near(found.ce:item(), ((each[0] * (1 - head.now) + each[1]) / 2):item(), 1e-12)
  head.module:eval()
  local kept = head:soft_labels():clone()
  local judged = terms(head, now, { y = y0 })
  t.near(judged.ce:item(), each:mean():item(), 1e-12)
  t.ok(torch.equal(kept, head:soft_labels()))
end)

t.test("a batch that comes again finds the soft labels that it found", function()
  local head, batch = build({ update_every = 1 }, 3, 9), { y = y0, idx = long { 0, 1 } }
  head:begin_epoch { epoch = 1, epochs = 2 }
  head:losses(before, { y = y0, idx = batch.idx })
  head:begin_epoch { epoch = 2, epochs = 2 }
  local first = terms(head, now, batch).kl:item()
  t.eq(terms(head, now, batch).kl:item(), first)
  t.eq(terms(head, now, setmetatable({ pass = 2 }, { __index = batch })).kl:item(), first)
end)

t.test("datasets of a join have rows of their own; a store of unknown size grows", function()
  local function part(n) return { sets = { train = { size = function() return n end } } } end
  local head = schema.build(schema.find "head.lwr" { update_every = 1 },
    { features = 2, classes = 2, data = { parts = { part(3), part(4) } } })
  t.eq(head:soft_labels():size(0), 7)
  head:begin_epoch { epoch = 1, epochs = 2 }
  head:losses(torch.tensor { { 1, 2 }, { 3, 1 } }, { y = y0, idx = long { 1, 1 }, domain = long { 0, 1 } })
  t.eq(head:soft_labels():sum(1):gt(0):nonzero():flatten():totable(), { 1, 4 })
  local grows = build({ update_every = 1 }, 3)
  grows:begin_epoch { epoch = 1, epochs = 2 }
  grows:losses(before, { y = y0, idx = long { 5, 2 } })
  t.eq(grows:soft_labels():size(0), 6)
  grows:losses(now, { y = y0, idx = long { 9, 2 } })
  t.near(grows:soft_labels()[5], (before[0] / 5):softmax(0), 1e-12)
end)

t.test("what it refuses", function()
  local function refused(options, text)
    t.raises(function() schema.build(schema.find "head.lwr"(options), { features = 3, classes = 3 }) end, text, true)
  end
  refused({ update_every = 0 }, "update_every")
  refused({ temperature = 0 }, "temperature")
  refused({ form = "lw" }, "form")
  local head = build({ update_every = 1, total = 2 }, 3, 9)
  head:begin_epoch { epoch = 1, epochs = 9 }
  t.raises(function() head:losses(now, { y = y0 }) end, "this batch has no idx")
  t.raises(function() head:losses(now, { y = torch.zeros(2, 3) }) end, "head.label_set")
  t.raises(function() head:losses(now, { y = y0, idx = y0, mix = {} }) end, "mixture of samples")
  t.raises(function() head:begin_epoch { epoch = 3, epochs = 9 } end, "total = 2 is fewer epochs than there are")
end)

t.test("saved in the middle and loaded, it learns on as if nothing had happened; another size is refused", function()
  local path = system.temporary_folder "lwr" .. "/half.safetensors"
  torch.manual_seed(3)
  local x, y = torch.randn(12, 4), torch.randint(0, 3, { 12 })
  local function fresh(samples)
    torch.manual_seed(7)
    return schema.build(schema.find "head.lwr" { update_every = 2 },
      { features = 4, classes = 3, samples = samples or 12 })
  end
  local function learn(head, from, to)
    for e = from, to do
      head:begin_epoch { epoch = e, epochs = 6 }
      for at = 0, 8, 4 do
        head.module:zero_grad()
        local batch = { y = y:narrow(0, at, 4), idx = torch.arange(at, at + 4) }
        local _, value = terms(head, head:forward(x:narrow(0, at, 4)), batch)
        value:backward()
        torch.no_grad(function()
          for _, p in ipairs(head.module:parameters()) do p:sub_(p.grad * 0.5) end
        end)
      end
    end
    return head
  end
  local straight = learn(fresh(), 1, 6)
  checkpoint.save(path, learn(fresh(), 1, 3).module:state_dict())
  local resumed = fresh()
  resumed.module:load_state_dict(checkpoint.load(path))
  learn(resumed, 4, 6)
  for name, tensor in pairs(straight.module:state_dict()) do
    t.ok(torch.equal(tensor, resumed.module:state_dict()[name]), name)
  end
  t.raises(function() fresh(13).module:load_state_dict(checkpoint.load(path)) end, "soft")
end)

t.test("host: shapes that do not fit, classes of share 0", function()
  t.raises(function() host.retrospection_loss(now, torch.zeros(2, 4), 5) end, "must both be [B, C]")
  t.near(host.retrospection_loss(now, float64 { { 1, 0, 0 }, { 0, 1, 0 } }, 1, false),
    -now:log_softmax(1):gather(1, y0:unsqueeze(1)):squeeze(1), 1e-12)
end)
