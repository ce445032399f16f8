local t = require "test"
local checkpoint = require "checkpoint"
local label_file = require "label_file"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local similar_labels = require "similar_labels"
local system = require "host.system"
local terms = dofile(MOONLAB_ROOT .. "/tests/head_terms.lua")

local embedding = schema.find "head.label_embedding"

local function float64(values) return torch.tensor(values, { dtype = "float64" }) end
local function long(values) return torch.tensor(values, { dtype = "int64" }) end

local function build(options, context)
  torch.manual_seed(1)
  local head = schema.build(embedding(options or {}), context or { features = 3, classes = 4 })
  head.module:to "float64"
  return head
end

local function set(parameter, values) torch.no_grad(function() parameter:copy_(float64(values)) end) end

local function total(...) return (select(2, terms(...))) end

-- The head of known answer 002-01, its features and labels.
local function known(options)
  local case = oracle "002-01"
  local i = case.input
  options.tau, options.alpha = i.tau, i.alpha
  local head = build(options)
  set(head.module.first.weight, i.W1)
  set(head.module.first.bias, i.b1)
  set(head.module.second.weight, i.W2)
  set(head.module.second.bias, i.b2)
  set(head.module.embedding, i.E)
  return head, float64(i.h), long(i.y), case.expected
end

local random = { h = nil, y = long { 0, 3, 1, 1, 2 } }
torch.manual_seed(3)
random.h = torch.randn(5, 5, { dtype = "float64" })

-- A head whose second output is right for some samples and sure of some.
local function lively(options)
  local head = build(options, { features = 5, classes = 4 })
  torch.manual_seed(5)
  torch.no_grad(function()
    for _, parameter in ipairs(head.module:parameters()) do parameter:add_(torch.randn_like(parameter)) end
    if head.module.second then -- right for samples 0, 1 and 3
      local z = torch.zeros(5, 4, { dtype = "float64" }):scatter_(1, long { 0, 3, 0, 1, 0 }:unsqueeze(1), 2.5)
      head.module.second.weight:copy_(torch.linalg_inv(random.h):matmul(z):t())
      head.module.second.bias:zero_()
    end
  end)
  return head
end

t.test("known answer 002-01: the five terms of every row", function()
  local head, h, y, expected = known { preset = "paper", mask = "second" }
  local outputs = head:forward(h)
  t.near(outputs:narrow(1, 0, 4), expected.z1, 1e-6)
  t.near(outputs:narrow(1, 4, 4), expected.z2, 1e-6)
  local names = { H_y_z1 = "hard", H_e_z1 = "soft", H_y_z2 = "second", hinge = "hinge" }
  local second = known { preset = "paper", p = 2 }
  local always = known { preset = "paper", mask = "none" }
  for b = 0, 2 do
    local row, target = outputs:narrow(0, b, 1), { y = y:narrow(0, b, 1) }
    local found = terms(head, row, target)
    for theirs, ours in pairs(names) do t.near(found[ours]:item(), expected.terms[theirs][b + 1], 1e-6, ours) end
    local taught = terms(always, row, target).embedding:item()
    t.near(taught, expected.terms.H_z2tau_e[b + 1], 1e-6)
    t.near(found.embedding:item(), taught * expected.terms.mask[b + 1], 1e-6)
    t.near(terms(second, row, target).hinge:item(), expected.hinge_L2[b + 1], 1e-9)
  end
end)

t.test("known answer 002-01: the whole, of the paper with and without mask, and of the authors", function()
  for _, case in ipairs { { { preset = "paper", mask = "none" }, "loss_paper" },
                          { { preset = "paper" }, "loss_paper_masked" }, { { preset = "authors" }, "loss_authors" },
                          { {}, "loss_authors" } } do
    local head, h, y, expected = known(case[1])
    t.near(total(head, head:forward(h), { y = y }):item(), expected[case[2]], 1e-6, case[2])
  end
end)

-- 002-02 as the equations have it: every part of the loss is differentiated by differences with respect to what learns
-- from it, the other parts with respect to the same must give exact zeros.
t.test("each part learns from its own terms, by finite differences, and gets exact zeros from the others", function()
  local all = { "hard", "soft", "second", "hinge", "embedding" }
  local function only(names, more)
    local options = { preset = "paper", alpha = 0.4, weights = {} }
    for key, value in pairs(more) do options[key] = value end
    for _, name in ipairs(all) do options.weights[name] = 0 end
    for i, name in ipairs(names) do options.weights[name] = 0.5 + i end
    return lively(options)
  end
  for _, more in ipairs { {}, { p = 2, hinge_reduction = "sum", mask = "none" },
                          { two_sided = true, tau = 3, mask = "first" },
                          { embedding_reduction = "batch", p = 1.5, alpha = 0.1 },
                          { compressed = 3 }, { compressed = 2, compressed_bias = true } } do
    local learners = {
      [{ "hard", "soft" }] = function(m) return { random.h:clone():requires_grad_(), m.first.weight, m.first.bias } end,
      [{ "second", "hinge" }] = function(m) return { m.second.weight, m.second.bias } end,
      [{ "embedding" }] = function(m)
        return m.compressed and { m.compressed, m.expand, m.expand_bias } or { m.embedding }
      end,
    }
    for names, of in pairs(learners) do
      local head = only(names, more)
      local inputs = of(head.module)
      local features = names[1] == "hard" and inputs[1] or random.h
      t.ok(torch.autograd.gradcheck(function()
        return total(head, head:forward(features), { y = random.y })
      end, inputs), table.concat(names, " "))
      for others, of_others in pairs(learners) do
        if others ~= names then
          local there = of_others(head.module)
          local h = others[1] == "hard" and there[1] or random.h
          local found = { torch.autograd.grad(total(head, head:forward(h), { y = random.y }), there,
            { allow_unused = true }) }
          for i = 1, #there do
            t.ok(not found[i] or found[i]:eq(0):all():item(), others[1] .. " learns from " .. names[1])
          end
        end
      end
    end
  end
end)

t.test("the gradient of a label's embedding is softmax(E_y) - z2'' over the samples that teach", function()
  local head = lively { preset = "paper" }
  local outputs = head:forward(random.h)
  local found = torch.autograd.grad(total(head, outputs, { y = random.y }), { head.module.embedding })
  local z2, e = outputs:narrow(1, 4, 4):detach(), head.module.embedding:detach():softmax(1)
  local right = z2:argmax(1):eq(random.y)
  t.eq(right:totable(), { true, true, false, true, false })
  local expected = torch.zeros(4, 4, { dtype = "float64" })
  local rows = (e:index_select(0, random.y) - (z2 / 2):softmax(1)) * right:double():unsqueeze(1) / (3 + 1e-8)
  expected:index_add_(0, random.y, rows)
  t.near(found, expected, 1e-12)
  t.ok(found[2]:eq(0):all():item()) -- its only sample does not teach
end)

t.test("with create_graph the derivative is the same, and has a derivative", function()
  for _, options in ipairs { { alpha = 0.4 }, { preset = "paper", alpha = 0.2, p = 2, two_sided = true },
                             { compressed = 3, alpha = 0.3 } } do
    local head = lively(options)
    local parameters = head.module:parameters()
    local w = float64 { 1, 0.5, 2, 0, 1 }
    local function gradients(create)
      return { torch.autograd.grad(total(head, head:forward(random.h), { y = random.y, w = w }), parameters,
        { create_graph = create }) }
    end
    local plain, graph = gradients(false), gradients(true)
    for i = 1, #plain do t.near(graph[i], plain[i], 1e-12, "parameter " .. i) end
    local h = random.h:clone():requires_grad_()
    t.ok(torch.autograd.gradgradcheck(function(weight)
      local z = torch.linear(h, weight, head.module.first.bias)
      local all = torch.cat({ z, torch.linear(h:detach(), head.module.second.weight) }, 1)
      return terms(head, all, { y = random.y }).hard
    end, { head.module.first.weight }))
  end
end)

t.test("factors of samples: twice a sample is a sample twice; ignored ones are not looked at", function()
  for _, options in ipairs { {}, { preset = "paper", mask = "first" }, { compressed = 2 } } do
    local head = lively(options)
    local outputs = head:forward(random.h)
    local twice = long { 0, 1, 1, 3 }
    local w = float64 { 1, 2, 0, 1, 0 }
    t.near(total(head, outputs, { y = random.y, w = w }):item(),
      total(head, outputs:index_select(0, twice), { y = random.y:index_select(0, twice) }):item(), 1e-12)
    local broken, y = outputs:clone(), random.y:clone()
    broken[2]:fill_(0 / 0)
    y[2]:fill_(-1)
    local ignore = torch.tensor { false, false, true, false, true }
    t.near(total(head, broken, { y = y, w = float64 { 1, 2, 5, 1, 5 }, ignore = ignore }):item(),
      total(head, outputs, { y = random.y, w = w }):item(), 1e-12)
    local leaf = broken:detach():requires_grad_()
    total(head, leaf, { y = y, ignore = ignore }):backward()
    t.ok(leaf.grad[2]:eq(0):all():item() and leaf.grad[4]:eq(0):all():item() and leaf.grad:isfinite():all():item())
  end
end)

t.test("soft labels cost what is expected of a label drawn from them", function()
  for _, options in ipairs { { alpha = 0.3 }, { preset = "paper", mask = "none", alpha = 0.3 }, { mask = "first" },
                             { compressed = 2 } } do
    local head = lively(options)
    local outputs = head:forward(random.h)
    local onehot = torch.zeros(5, 4, { dtype = "float64" }):scatter_(1, random.y:unsqueeze(1), 1)
    local hard, soft = { terms(head, head:forward(random.h), { y = random.y }) },
      { terms(head, head:forward(random.h), { t = onehot }) }
    for name, value in pairs(hard[1]) do t.near(soft[1][name]:item(), value:item(), 1e-12, name) end
    local parameters = head.module:parameters()
    local expected = { torch.autograd.grad(hard[2], parameters) }
    local found = { torch.autograd.grad(soft[2], parameters) }
    for i = 1, #expected do t.near(found[i], expected[i], 1e-12) end
  end
  local head = lively { preset = "paper", mask = "none", alpha = 0.3 }
  local outputs, mixed = head:forward(random.h["0:1"]), float64 { { 0.25, 0, 0.75, 0 } }
  local function of(target) return total(head, outputs, target):item() end
  t.near(of { t = mixed }, 0.25 * of { y = long { 0 } } + 0.75 * of { y = long { 2 } }, 1e-12)
end)

t.test("a batch in which the second output is always wrong teaches no embedding", function()
  local head = lively { preset = "paper" }
  local wrong = torch.eye(4, { dtype = "float64" })["1:4"] * 9
  local outputs = torch.cat({ torch.randn(3, 4, { dtype = "float64" }), wrong }, 1)
  local found = terms(head, outputs, { y = long { 0, 0, 0 } })
  t.eq(found.embedding:item(), 0)
  t.ok(torch.autograd.grad(found.embedding, { head.module.embedding }):eq(0):all():item())
end)

t.test("one sample, one class, no samples that count, nan", function()
  local head = build({}, { features = 5, classes = 1 })
  local found, sum = terms(head, head:forward(random.h["0:1"]), { y = long { 0 } })
  t.eq(found.hard:item(), 0)
  t.near(found.hinge:item(), 0.1, 1e-12) -- the only class has probability 1
  sum:backward()
  t.eq(tostring(head:similar_labels()):match "^label", "label")
  head = lively {}
  t.eq(total(head, head:forward(random.h), { y = random.y, w = torch.zeros(5, { dtype = "float64" }) }):item(), 0)
  local outputs = head:forward(random.h):detach()
  outputs[1][0]:fill_(0 / 0)
  t.ok(total(head, outputs, { y = random.y }):isnan():item())
  outputs[1][0]:fill_(1000) -- large numbers are no trouble
  outputs[1][5]:fill_(-1000)
  t.ok(total(head, outputs, { y = random.y }):isfinite():item())
end)

t.test("what does not fit is refused", function()
  local head = lively {}
  local outputs = head:forward(random.h)
  t.raises(function() head:losses(outputs, { y = long { 0, 1, 2, 3, 4 } }) end, "label 4 of sample 4 is not in [0, 3]")
  t.raises(function() head:losses(outputs, { y = long { 0, 1 } }) end, "5 rows of outputs, but 2 labels")
  t.raises(function() head:losses(outputs["..., 0:6"], { y = random.y }) end, "got 6")
  t.raises(function() head:losses(outputs, { y = torch.zeros(5, 2, { dtype = "int64" }) }) end, "these have several")
  t.raises(function() head:losses(outputs, { y = random.y, w = torch.ones(4) }) end, "do not fit 5 samples")
  t.raises(function() head:losses(outputs, { t = torch.ones(5, 3) }) end, "soft labels")
  t.raises(function() build { weights = { hard = 0, soft = 0, second = 0, hinge = 0, embedding = 0 } } end,
    "all of its terms have weight 0")
  t.raises(function() embedding { tau = 0 } end, "positive")
  t.raises(function() embedding { compressed_bias = true } end, "needs compressed = h")
  t.raises(function() embedding { compressed = 2, embedding = "x.safetensors" } end, "leave out `compressed`")
  t.raises(function() embedding { embedding = 5 } end, "got number")
  t.raises(function() embedding { weights = { hadr = 1 } } end, "did you mean 'hard'")
end)

t.test("presets say what is absent; what is given wins", function()
  local function weights(o) return build(o).weights end
  t.eq(weights {}, { 0.5, 0.5, 1, 1, 1 })
  t.eq(weights { preset = "paper" }, { 1, 1, 1, 1, 1 })
  t.eq(weights { beta = 0.2 }, { 0.2, 0.8, 1, 1, 1 })
  t.eq(weights { preset = "paper", beta = 0.2, weights = { soft = 3, hinge = 0 } }, { 0.2, 3, 1, 0, 1 })
  local sum, mean = lively { alpha = 0.3 }, lively { alpha = 0.3, hinge_reduction = "mean" }
  local outputs = sum:forward(random.h)
  local function hinge(head) return terms(head, outputs, { y = random.y }).hinge:item() end
  t.near(hinge(sum), 5 * hinge(mean), 1e-12)
  local names = {}
  local three = lively { weights = { hinge = 0 } }
  for i, term in ipairs(three:losses(outputs, { y = random.y })) do names[i] = term.name end
  t.eq(names, { "hard", "soft", "second", "embedding" })
end)

t.test("the soft term waits for its first update; a batch seen twice is one update; evaluation is none", function()
  local head = lively { start = 2 }
  local outputs = head:forward(random.h)
  local function soft(batch) return terms(head, outputs, batch).soft:item() end
  local one, two, three = { y = random.y }, { y = random.y }, { y = random.y }
  t.eq(soft(one), 0)
  t.eq(soft(one), 0)
  head.module:eval()
  t.eq(soft { y = random.y }, 0)
  head.module:train()
  t.eq(soft(two), 0)
  t.ok(soft(three) > 0)
  t.eq(head.module.updates:item(), 3)
  local other = lively { start = 2 }
  other.module:load_state_dict(head.module:state_dict())
  t.ok(terms(other, outputs, { y = random.y }).soft:item() > 0)
end)

t.test("another criterion stands in for the cross entropies with the label", function()
  local smooth = schema.find "loss.ce" { label_smoothing = 0.2 }:build()
  for _, options in ipairs { { preset = "paper" }, { beta = 0.3 } } do
    local head = lively(options)
    local outputs = head:forward(random.h)
    local own, theirs = terms(head, outputs, { y = random.y }), terms(head, outputs, { y = random.y }, smooth)
    t.near(theirs.hard:item(), smooth(outputs:narrow(1, 0, 4), { y = random.y }):item() * head.weights[1], 1e-12)
    t.near(theirs.second:item(), smooth(outputs:narrow(1, 4, 4), { y = random.y }):item(), 1e-12)
    for _, name in ipairs { "soft", "hinge", "embedding" } do t.near(theirs[name]:item(), own[name]:item(), 1e-12) end
  end
end)

t.test("in bfloat16 under autocast the terms are computed in float", function()
  local head = lively {}
  head.module:to "float32"
  local h = random.h:float():requires_grad_()
  local full = total(head, head:forward(h), { y = random.y })
  torch.autocast("cpu", { dtype = "bfloat16" }, function()
    local outputs = head:forward(h)
    t.eq(outputs.dtype, "bfloat16")
    local half = total(head, outputs, { y = random.y })
    t.eq(half.dtype, "float32")
    t.near(half:item(), full:item(), 0.05)
    half:backward()
  end)
  t.ok(h.grad:isfinite():all():item() and head.module.embedding.grad:abs():sum():item() > 0)
end)

t.test("known answers 002-03 and 002-04: compressed embeddings and their memory", function()
  local head = build { compressed = 2, compressed_bias = true }
  local m = head.module
  local expected = (m.compressed:matmul(m.expand) + m.expand_bias):relu()
  t.near(head:label_matrix(), expected:detach(), 1e-12)
  local case = oracle "002-04"
  local classes, h = case.input.m, case.input.h
  local large = schema.build(embedding { compressed = h }, { features = 1, classes = classes })
  local bytes = 4 * (large.module.compressed:numel() + large.module.expand:numel())
  t.near(bytes / 2 ^ 20, case.expected.compressed_MiB, 1e-4)
  local full = 4 * build({}, { features = 1, classes = 100 }).module.embedding:numel() * (classes / 100) ^ 2
  t.near(full / 2 ^ 20, case.expected.full_MiB, 1e-4)
  t.near(full / bytes, case.expected.factor, 1e-9)
end)

t.test("known answer 002-05: a given embedding teaches and is not taught", function()
  local case = oracle "002-05"
  local head = build({ preset = "paper", embedding = float64(case.input.E) })
  t.eq(head.module.second, nil)
  t.eq(#head.module:parameters(), 2)
  local z = float64(case.input.z1):requires_grad_()
  local found, sum = terms(head, z, { y = long(case.input.y) })
  t.eq(found.second, nil)
  t.near(sum:item(), case.expected.loss, 1e-6)
  sum:backward()
  t.near(z.grad, case.expected.grad_z1, 1e-8)
  t.ok(torch.equal(head:predict(z).y, z:argmax(1)))
end)

t.test("known answers 002-07 and 002-08: similar labels, rows of the heat map, the beginning", function()
  local case = oracle "002-07"
  local similar = similar_labels.of(float64(case.input.E), { "a", "b", "c", "d" }, case.input.top)
  t.eq(similar.index:totable(), case.expected.neighbours)
  t.near(similar_labels.heat(float64(case.input.E)), case.expected.heatmap, 1e-6)
  t.eq(similar.similar[1][1][1], "b")
  t.ok(tostring(similar):find("b 0.149", 1, true), tostring(similar))
  t.eq(similar_labels.of(torch.zeros(3, 3), { "a", "b", "c" }, 9).index:totable(), { { 1, 2 }, { 0, 2 }, { 0, 1 } })
  local begun = oracle "002-08"
  local m = begun.input.m
  local heat = build({}, { features = 1, classes = m }):heat_map()
  local diagonal = torch.eye(m, { dtype = "bool" })
  t.near(heat:masked_select(diagonal), torch.full({ m }, begun.expected.diag), 1e-6)
  t.near(heat:masked_select(diagonal:logical_not()), torch.full({ m * (m - 1) }, begun.expected.off), 1e-6)
  t.near(-heat[0][0]:log():item(), begun.expected.H_at_init_min, 1e-6)
end)

t.test("outputs begin where the deviation says", function()
  torch.manual_seed(1)
  local head = schema.build(embedding { deviation = 0.01 }, { features = 500, classes = 10 })
  for _, layer in ipairs { head.module.first, head.module.second } do
    t.ok(layer.weight:abs():max():item() <= 0.02)
    t.near(layer.weight:std():item(), 0.0088, 0.0005) -- of a normal cut at two deviations: 0.88
    t.ok(layer.bias:eq(0):all():item())
  end
end)

local folder = system.temporary_folder "label-embedding"

t.test("an embedding goes to another model by the names of its labels", function()
  local path = folder .. "/pets.safetensors"
  local one = build({}, { features = 3, classes = 3, class_names = { "cat", "dog", "cow" } })
  set(one.module.embedding, { { 1, 0.5, 0.1 }, { 0.4, 1, 0.2 }, { 0.3, 0, 1 } })
  one:save_embedding(path)
  local two = build({ embedding = path }, { features = 7, classes = 3, class_names = { "cow", "cat", "dog" } })
  t.near(two:label_matrix(), { { 1, 0.3, 0 }, { 0.1, 1, 0.5 }, { 0.2, 0.4, 1 } }, 1e-12)
  local function other(names)
    return function() build({ embedding = path }, { features = 7, classes = #names, class_names = names }) end
  end
  t.raises(other { "cow", "cat", "dogs" }, "'dogs' is none of them; did you mean 'dog'?")
  t.raises(other { "cow", "cat" }, "it was made for 3 labels, these are 2")
  t.raises(function() build { embedding = folder .. "/none.safetensors" } end, "there is no such file")
  t.raises(function() one:save_embedding(folder .. "/pets.csv") end, "ends in .safetensors")
  t.raises(function() build { embedding = torch.zeros(3, 3) } end, "4 labels have an embedding [4, 4]")
  -- what it was given is part of what it is: saved, loaded
  local state = folder .. "/state.safetensors"
  checkpoint.save(state, two.module:state_dict())
  local three = build({ embedding = torch.zeros(3, 3) }, { features = 7, classes = 3 })
  three.module:load_state_dict(checkpoint.load(state))
  -- the run of such a model is loaded without the file
  local gone = { features = 7, classes = 3, class_names = { "cow", "cat", "dog" }, rehearse = "load" }
  build({ embedding = folder .. "/none.safetensors" }, gone).module:load_state_dict(checkpoint.load(state))
  t.ok(torch.equal(three:label_matrix(), two:label_matrix()))
end)

t.test("files of other kinds: rows by class, a tensor a label, not finite, not floats", function()
  local safetensors = require "safetensors"
  local path = folder .. "/file.safetensors"
  safetensors.save_file({ v = torch.tensor { { 1, 2 }, { 3, 4 } } }, path)
  t.eq(label_file.read(path, { "x", "y" }):totable(), { { 1, 2 }, { 3, 4 } })
  t.raises(function() label_file.read(path, { "x" }) end, "2 vectors for 1 labels")
  t.raises(function() label_file.read(path, { "x", "y" }, { similarity = true }) end, "does not say which labels")
  safetensors.save_file({ dog = torch.tensor { 1, 2 }, cat = torch.tensor { 3, 4 }, cow = torch.tensor { 5, 6 } }, path)
  t.eq(label_file.read(path, { "cow", "dog" }):totable(), { { 5, 6 }, { 1, 2 } })
  safetensors.save_file({ dog = torch.tensor { 1, 2 }, cat = torch.tensor { 3 } }, path)
  t.raises(function() label_file.read(path, { "dog" }) end, "all of one length")
  safetensors.save_file({ v = torch.tensor { { 1, 0 / 0 } } }, path)
  t.raises(function() label_file.read(path, { "x" }) end, "not finite")
  safetensors.save_file({ v = torch.tensor({ { 1 } }, { dtype = "int64" }) }, path)
  t.raises(function() label_file.read(path, { "x" }) end, "not floating%-point", true)
end)

-- Behaviour (d): classes 0 and 1, and 2 and 3, look alike; 4 is by itself.
local function confusable(n)
  torch.manual_seed(11)
  local centres = torch.tensor { { 4, 0 }, { 4, 1 }, { -4, 0 }, { -4, 1 }, { 0, -6 } }
  local y = torch.arange(5):repeat_interleave(n)
  return centres:index_select(0, y) + torch.randn(5 * n, 2) * 0.8, y
end

local function learnt(options, steps)
  local x, y = confusable(60)
  torch.manual_seed(2)
  local head = schema.build(embedding(options), { features = 2, classes = 5 })
  local optim = torch.optim.Adam(head.module:parameters(), { lr = 0.03 })
  for _ = 1, steps do
    scope(function()
      optim:zero_grad()
      total(head, head:forward(x), { y = y }):backward()
      optim:step()
    end)
  end
  return head, head:predict(head:forward(x)).y:eq(y):float():mean():item()
end

t.test("behaviour (d): classes that are confused become each other's nearest neighbours", function()
  for _, options in ipairs { {}, { preset = "paper" }, { compressed = 4 } } do
    local head, right = learnt(options, 300)
    t.ok(right > 0.75, right)
    local nearest = head:similar_labels(1).index:flatten():totable()
    t.eq({ nearest[1], nearest[2], nearest[3], nearest[4] }, { 1, 0, 3, 2 })
  end
end)

t.test("behaviour (d) across models: what one learnt teaches another", function()
  local path = folder .. "/blobs.safetensors"
  learnt({}, 300):save_embedding(path)
  local head, right = learnt({ preset = "paper", embedding = path }, 200)
  t.ok(right > 0.75, right)
  local x, y = confusable(60)
  local p = head:predict(head:forward(x)).scores:detach()
  local function mean(class, other)
    return p:index_select(0, y:eq(class):nonzero():flatten())["..., " .. other]:mean():item()
  end
  t.ok(mean(0, 1) > mean(0, 2) and mean(2, 3) > mean(2, 0)) -- soft towards what resembles
end)

-- An experiment of a few samples, as scripts declare it.
local dots = {}
do
  local data = require "host.data"
  local images = torch.zeros(40, 1, 4, 4, { dtype = "uint8" })
  local y = torch.arange(40):remainder(4)
  for i = 0, 39 do images[i][0][y[i]:item()]:fill_(200) end
  dots.set = data.from_tensors(images, y, { name = "dots", class_names = { "a", "b", "c", "d" } })
end

local Dots = schema.declare("data.dots_of_label_embedding", {}, function()
  local set = dots.set
  return setmetatable({ name = "dots", class_names = { "a", "b", "c", "d" }, classes = 4,
    sets = { train = set, test = set }, loader = function(_, split, options) return require "dataset".loader({ { set } }, split,
      { batch = 8, class_names = { "a", "b", "c", "d" }, classes = 4, last = "keep" }, options) end }, { __index = {
      splits = function() return { "train", "test" } end } })
end)

local function experiment(model, loss, epochs)
  return schema.find "experiment" "dots" { data = Dots {}, model = model, loss = loss,
    optim = schema.find "optim.adam" { lr = 0.02 }, train = { epochs = epochs or 8 } }
end

local function run(node)
  local made = schema.build(node, { seed = 1, device = "cpu" })
  return made, require "trial".run(made, {})
end

t.test("in an experiment, alone and beside other heads under a balance in two passes", function()
  local trunk, mlp = schema.find "trunk", schema.find "vision.mlp" { widths = { 8 } }
  local made, state = run(experiment(trunk { mlp, head = embedding {} }))
  t.eq(state.final[1][2], 1)
  t.eq(made.objective.names, { "hard", "soft", "second", "hinge", "embedding" }) -- each is logged
  t.eq(made.model.heads[1].head.labels, { "a", "b", "c", "d" })
  local mixture = schema.find "mixture" { main = "learnt", learnt = 0.6, binary = 0.2, dense = 0.2,
    balance = schema.find "balance.metabalance" { mode = "two_pass" } }
  made, state = run(experiment(trunk { mlp, heads = { learnt = embedding { start = 3 },
    binary = schema.find "head.binary" { bits = 16 }, dense = schema.find "head.dense" { dim = 4 } } }, mixture))
  for _, pair in ipairs(state.final) do t.eq(pair[2], 1, pair[1]) end
  t.eq(made.model:head "learnt".module.updates:item(), state.step)
end)

t.test("behaviour (f): the same seed learns the same embedding, to the last bit", function()
  local function learn()
    local made, state = run(experiment(schema.find "trunk" { schema.find "vision.mlp" { widths = { 8 } },
      head = embedding { compressed = 3 } }, nil, 3))
    return made.model.heads[1].head:label_matrix(), state.loss_reading.loss
  end
  local one, loss = learn()
  local two, again = learn()
  t.ok(torch.equal(one, two))
  t.eq(loss, again)
end)

t.test("an embedding from an experiment that is trained first", function()
  local trunk, mlp = schema.find "trunk", schema.find "vision.mlp" { widths = { 8 } }
  local first = experiment(trunk { mlp, head = embedding {} })
  local given = experiment(trunk { mlp, head = embedding { embedding = first } })
  local made = schema.build(given, { seed = 1, device = "cpu" })
  local head = made.model.heads[1].head
  t.ok(not torch.equal(head:label_matrix(), torch.eye(4)))
  t.eq(#head.module:parameters(), 2)
  local other = experiment(trunk { mlp, head = schema.find "head.softmax" {} })
  t.raises(function()
    schema.build(experiment(trunk { mlp, head = embedding { embedding = other } }), { seed = 1, device = "cpu" })
  end, "has no such head")
end)

t.test("of a join's classes those of the evaluated dataset are told apart", function()
  local head = build({}, { features = 3, classes = 4 })
  head:evaluate { 1, 2 }
  local outputs = float64 { { 5, 1, 2, 0, 9, 9, 9, 9 }, { 5, 3, 2, 9, 9, 9, 9, 9 } }
  t.eq(head:predict(outputs).y:totable(), { 2, 1 })
  t.eq(head:predict(outputs).scores[0][0]:item(), 0)
end)
