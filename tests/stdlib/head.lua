local t = require "test"
local checkpoint = require "checkpoint"
local schema = require "schema"
local system = require "host.system"

local classes, width = 4, 6
local y = torch.tensor({ 0, 3, 1, 2, 2 }, { dtype = "int64" })

local function build(kind, options)
  torch.manual_seed(1)
  return schema.build(schema.find(kind)(options or {}), { features = width, classes = classes })
end

-- The contract of every head that is found: one test a file, whoever wrote it.
local variants = { binary = { { bits = 24 }, { bits = 24, loss = "mse", nearest = "hamming" }, { bits = 24, loss = "l1", nearest = "l1" },
                              { codes = "hadamard", bits = 16 } }, softmax = { {}, { l2 = 0.1 }, { deviation = 0.01 } },
                   dense = { { dim = 5 }, { labels = "uniform", dim = 7, loss = "mse" }, { dim = 3, loss = "l1" } },
                   lwal = { {}, { dim = 11, repel = 10 }, { warmup_steps = 1e6 } },
                   lwr = { {}, { form = "lwal", l2 = 0.1 } },
                   static = { {}, { vectors = "onehot", loss = "ce" }, { vectors = "uniform", dim = 9, loss = "l1" } },
                   label_embedding = { {}, { preset = "paper", mask = "none" }, { compressed = 3, compressed_bias = true },
                                       { embedding = { { 1, 0, 0.5, 0 }, { 0, 1, 0, 0.2 }, { 0.5, 0, 1, 0 }, { 0, 0.2, 0, 1 } } } } }
-- Heads whose terms stop gradients: the gradient is not that of the sum, and their own specs check it.
local stops = { label_embedding = true }
for _, name in ipairs(schema.names "head") do
  for i, options in ipairs(variants[name] or { {} }) do
    local label = ("head.%s (%d)"):format(name, i)
    local x = torch.randn(5, width, { dtype = "float64" })

    t.test(label .. ": shapes, finite terms, classes in range", function()
      local head = build("head." .. name, options)
      local outputs = head:forward(x:float())
      t.eq(outputs:size(0), 5)
      for _, term in ipairs(head:losses(outputs, { y = y })) do
        t.eq(term.value.ndim, 0)
        t.ok(term.value:isfinite():item() and type(term.name) == "string")
      end
      local prediction = head:predict(outputs)
      t.eq(prediction.y.dtype, "int64")
      t.ok(prediction.y:min():item() >= 0 and prediction.y:max():item() < classes)
      t.near(prediction.scores:sum(1), { 1, 1, 1, 1, 1 }, 1e-5)
    end)

    t.test(label .. ": what it wants to say decodes to the class", function()
      local head = build("head." .. name, options)
      t.ok(torch.equal(head:predict(head:ideal(y)).y, y))
    end)

    if not stops[name] then
      t.test(label .. ": gradients agree with finite differences, in features and parameters", function()
        local head = build("head." .. name, options)
        head.module:to "float64"
        local inputs = { x:clone():requires_grad_(), unpack(head.module:parameters()) }
        t.ok(torch.autograd.gradcheck(function(features)
          local total
          for _, term in ipairs(head:losses(head:forward(features), { y = y })) do
            total = total and total + term.value or term.value
          end
          return total
        end, inputs))
      end)
    end

    t.test(label .. ": weighted and ignored samples count as they should", function()
      local head = build("head." .. name, options)
      local outputs = head:forward(x:float())
      local alone = head:losses(outputs["0:2"], { y = y["0:2"] })[1].value
      local ignore = torch.tensor { false, false, true, true, true }
      t.near(head:losses(outputs, { y = y, ignore = ignore })[1].value:item(), alone:item(), 1e-6)
    end)

    t.test(label .. ": saved and loaded it predicts the same", function()
      local head, other = build("head." .. name, options), nil
      local path = system.temporary_folder "head" .. "/head.safetensors"
      checkpoint.save(path, head.module:state_dict())
      torch.manual_seed(9)
      other = schema.build(schema.find("head." .. name)(options), { features = width, classes = classes })
      other.module:load_state_dict(checkpoint.load(path))
      t.ok(torch.equal(other:forward(x:float()), head:forward(x:float())))
    end)
  end
end

t.test("softmax: of a join's classes those of the evaluated dataset are told apart", function()
  local head = build "head.softmax"
  local logits = torch.tensor { { 5, 1, 2, 0 }, { 5, 3, 2, 9 } }
  head:evaluate { 1, 2 }
  local prediction = head:predict(logits)
  t.eq(prediction.y:totable(), { 2, 1 })
  t.near(prediction.scores:totable()[1], { 0, 1 / (1 + math.exp(1)), 1 / (1 + math.exp(-1)), 0 }, 1e-6)
  head:evaluate { 0, 3 }
  t.eq(head:predict(logits).y:totable(), { 0, 3 })
end)

t.test("binary: mse is the mean squared gap of sigmoid and code; the nearest rules", function()
  local head = build("head.binary", { bits = 8, loss = "mse" })
  local outputs = torch.randn(5, 8)
  local gap = (outputs:sigmoid() - head.module.codes:index_select(0, y)):square():mean():item()
  t.near(head:losses(outputs, { y = y })[1].value:item(), gap, 1e-6)
  -- a word with one wrong bit, said clearly, is nearest to its class under every rule
  for _, rule in ipairs { "likelihood", "hamming", "l1" } do
    local close = build("head.binary", { bits = 64, nearest = rule, min_distance = 0.3 })
    local logits = close:ideal(y)
    logits["..., 5"] = -logits["..., 5"]
    t.ok(torch.equal(close:predict(logits).y, y), rule)
  end
end)

t.test("binary: the words depend on their own seed, not on training's", function()
  torch.manual_seed(1)
  local one = build("head.binary", { bits = 32 }).module.codes
  torch.manual_seed(2)
  local two = build("head.binary", { bits = 32 }).module.codes
  t.ok(torch.equal(one, two))
  t.ok(not torch.equal(one, build("head.binary", { bits = 32, seed = 8 }).module.codes))
end)

t.test("binary: soft labels are expected words", function()
  local head = build("head.binary", { bits = 16 })
  local outputs, soft = torch.randn(5, 16), torch.zeros(5, classes):scatter_(1, y:unsqueeze(1), 1)
  t.near(head:losses(outputs, { t = soft })[1].value:item(), head:losses(outputs, { y = y })[1].value:item(), 1e-6)
end)

t.test("binary: each rule is the one it says, of many classes in parts too", function()
  torch.manual_seed(2)
  local head = schema.build(schema.find "head.binary" { bits = 16 }, { features = 1, classes = 9000 })
  local logits = torch.randn(3, 16, { dtype = "float64" }) * 2
  local p, words = logits:sigmoid():unsqueeze(1), head.module.codes:double():unsqueeze(0)
  local expected = {
    likelihood = (p:log() * words + (1 - p):log() * (1 - words)):sum(2),
    hamming = -p:gt(0.5):double():sub(words):abs():sum(2),
    l1 = -(p - words):abs():sum(2),
  }
  for rule, near in pairs(expected) do t.near(head:nearness(logits, rule), near, 1e-9, rule) end
  t.ok(torch.equal(head:predict(logits).y, expected.likelihood:argmax(1)))
end)

t.test("binary: words are bytes; ignored samples may have no label; several labels are refused", function()
  local head = build("head.binary", { bits = 8 })
  t.eq(head.module.codes.dtype, "uint8")
  local outputs, ignore = torch.randn(2, 8), torch.tensor { false, true }
  local y = torch.tensor({ 1, -1 }, { dtype = "int64" })
  t.near(head:losses(outputs, { y = y, ignore = ignore })[1].value:item(),
    head:losses(outputs["0:1"], { y = y["0:1"] })[1].value:item(), 1e-6)
  t.raises(function() head:losses(outputs, { y = torch.zeros(2, 2, { dtype = "int64" }) }) end, "these have several")
  head:evaluate { 2, 3 }
  t.eq(head:predict(head:ideal(torch.tensor({ 0, 3 }, { dtype = "int64" }))).y[1]:item(), 3)
  t.ok(head:predict(outputs).y:ge(2):all():item())
  local alike = head:label_matrix()
  t.eq(alike.shape, { 4, 4 })
  t.near(alike[0][0]:item(), 1, 1e-6)
  local half = head:losses(outputs:to "bfloat16", { y = torch.zeros(2, { dtype = "int64" }) })[1].value
  t.eq(half.dtype, "float32")
end)

t.test("binary: a model that was saved with words of floats is loaded", function()
  local head, other = build("head.binary", { bits = 8 }), build("head.binary", { bits = 8, seed = 3 })
  local state = head.module:state_dict()
  local old = {}
  for name, tensor in pairs(state) do old[name] = name == "codes" and tensor:float() or tensor end
  other.module:load_state_dict(old)
  t.ok(torch.equal(other.module.codes, head.module.codes))
end)

-- Known answer 003-12 as the equations have it: every bit is a coin of its own.
t.test("binary: the losses by hand", function()
  local head = schema.build(schema.find "head.binary" { bits = 2 }, { features = 1, classes = 2 })
  head.module.codes:copy_(torch.tensor({ { 1, 0 }, { 1, 1 } }, { dtype = "uint8" }))
  local logits, target = torch.tensor({ { 0.4, -1.1 }, { -2, 0.3 } }, { dtype = "float64" }), torch.tensor({ 0, 1 }, { dtype = "int64" })
  local function s(z) return 1 / (1 + math.exp(-z)) end
  local p = { s(0.4), s(1.1), s(-2), s(0.3) } -- of the right bits
  local expected = { bce = 0, mse = 0, l1 = 0 }
  for _, right in ipairs(p) do
    expected.bce, expected.mse = expected.bce - math.log(right) / 4, expected.mse + (1 - right) ^ 2 / 4
    expected.l1 = expected.l1 + (1 - right) / 4
  end
  for loss, value in pairs(expected) do
    local other = schema.build(schema.find "head.binary" { bits = 2, loss = loss }, { features = 1, classes = 2 })
    other.module.codes:copy_(head.module.codes)
    t.near(other:losses(logits, { y = target })[1].value:item(), value, 1e-12, loss)
  end
  t.eq(head:predict(logits).y:totable(), { 0, 1 })
end)
