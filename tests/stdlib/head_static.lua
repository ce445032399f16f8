local t = require "test"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local safetensors = require "safetensors"
local schema = require "schema"
local system = require "host.system"

local function float64(values) return torch.tensor(values, { dtype = "float64" }) end
local function long(values) return torch.tensor(values, { dtype = "int64" }) end

local function build(options, context)
  local head = schema.build(schema.find "head.static"(options or {}), context or { features = 4, classes = 3 })
  head.module:to "float64"
  return head
end

t.test("known answer 001-12: the Huber loss, and prediction by the nearest vector", function()
  local case = oracle "001-12"
  local head, z = build { vectors = case.input.labels }, float64(case.input.z)
  t.near(head:losses(z, { y = long(case.input.y) })[1].value:item(), case.expected.loss, 1e-7)
  t.eq(head:predict(z).y:totable(), case.expected.pred)
end)

t.test("vectors from a seed, one-hot, of a tensor, of a file by the classes' names; never trained", function()
  local one, two = build { dim = 5, seed = 3 }, build { dim = 5, seed = 3 }
  t.ok(torch.equal(one:label_vectors(), two:label_vectors()))
  t.ok(not torch.equal(one:label_vectors(), build { dim = 5, seed = 4 }:label_vectors()))
  t.eq(build { vectors = "onehot" }:label_vectors():totable(), { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } })
  local path = system.temporary_folder "static" .. "/pets.safetensors"
  safetensors.save_file({ dog = torch.tensor { 1, 2 }, cat = torch.tensor { 3, 4 }, cow = torch.tensor { 5, 6 } }, path)
  local pets = { features = 4, classes = 3, class_names = { "cow", "dog", "cat" } }
  local read = build({ vectors = path }, pets)
  t.eq(read:label_vectors():totable(), { { 5, 6 }, { 1, 2 }, { 3, 4 } })
  t.eq(#read.module:parameters(), 2)
  for _, loss in ipairs { "huber", "mse", "l1", "ce" } do
    local head = build({ vectors = path, loss = loss }, pets)
    local before = head:label_vectors():clone()
    head:losses(head:forward(torch.randn(3, 4, { dtype = "float64" })), { y = long { 0, 1, 2 } })[1].value:backward()
    t.ok(torch.equal(before, head:label_vectors()), loss)
    t.eq(head:label_vectors().requires_grad, false)
  end
  t.raises(function() build({ vectors = path }, { features = 4, classes = 1, class_names = { "dgo" } }) end,
    "did you mean 'dog'?")
end)

t.test("loss = ce is what adaptive labels learn without adapting", function()
  local labels = { { 1, 0, 2 }, { -1, 1, 0 }, { 0, 0, -2 } }
  local z, y = float64 { { 0.3, 1, 2 }, { 1, 1, -1 }, { 0, 2, 0.5 } }, long { 0, 2, 1 }
  local static = build { vectors = labels, loss = "ce" }
  local adaptive = schema.build(schema.find "head.lwal" { warmup_steps = 9 }, { features = 4, classes = 3 })
  adaptive.module:to "float64"
  adaptive.module.labels:copy_(float64(labels))
  t.near(static:losses(z, { y = y })[1].value:item(), adaptive:losses(z, { y = y })[1].value:item(), 1e-12)
  local function loss(x) return static:losses(x, { y = y })[1].value end
  t.ok(torch.autograd.gradcheck(loss, { z:clone():requires_grad_() }))
  local ignored = { y = long { 0, 2, -100 }, ignore = torch.tensor { false, false, true } }
  local few = static:losses(z:narrow(0, 0, 2), { y = y:narrow(0, 0, 2) })[1].value:item()
  t.near(static:losses(z, ignored)[1].value:item(), few, 1e-12)
end)

t.test("what it refuses, in its own name", function()
  t.raises(function() build { vectors = { { 1, 2 }, { 3, 4 } } } end, "head.static: 3 classes need labels [3, D], got")
  t.raises(function() build { vectors = { { 1 }, { 1 }, { 2 } } } end, "head.static: the labels of")
  t.raises(function() build { vectors = { { 1 }, { 0 / 0 }, { 2 } } } end, "not finite")
  t.raises(function() build { dim = 0 } end, "dim")
  t.raises(function() build { vectors = 3 } end, "encoded texts, got number")
end)
