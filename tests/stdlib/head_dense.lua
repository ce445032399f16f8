local t = require "test"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"
local system = require "host.system"

local dense = schema.find "head.dense"
local folder = system.temporary_folder "dense"

local function long(values) return torch.tensor(values, { dtype = "int64" }) end

local function build(options, context)
  return schema.build(dense(options), context or { features = 3, classes = 3, class_names = { "cat", "dog", "cow" } })
end

t.test("known answer 003-15: smooth L1 to the labels, the nearest by mean squared difference", function()
  local case = oracle "003-15"
  local head = build { labels = torch.tensor(case.input.labels, { dtype = "float64" }) }
  local z = torch.tensor(case.input.z, { dtype = "float64" })
  t.near(head:losses(z, { y = long(case.input.y) })[1].value:item(), case.expected.loss, 1e-12)
  t.eq(head:predict(z).y:totable(), case.expected.pred)
  local labels, expected = head:label_vectors(), {}
  for b = 0, 2 do expected[b + 1] = (-(labels - z[b]):square():mean(1)):totable() end
  t.near(head:nearness(z), expected, 1e-12)
end)

t.test("nearness far from the origin is exact enough in float", function()
  torch.manual_seed(4)
  local labels = torch.randn(50, 16) + 1000
  local head = build({ labels = labels }, { features = 3, classes = 50 })
  local y = torch.arange(50)
  local z = labels + torch.randn(50, 16) * 0.3
  t.ok(torch.equal(head:predict(z).y, y))
  t.near(head:nearness(z)[3][3]:item(), -(z[3] - labels[3]):square():mean():item(), 1e-4)
end)

t.test("random labels: by their own seed, distinct, of the wanted length", function()
  torch.manual_seed(1)
  local one = build({ labels = "normal", dim = 9 }):label_vectors()
  torch.manual_seed(2)
  t.ok(torch.equal(one, build({ dim = 9 }):label_vectors()))
  t.ok(not torch.equal(one, build({ dim = 9, seed = 8 }):label_vectors()))
  t.eq(one.shape, { 3, 9 })
  local uniform = build({ labels = "uniform", dim = 200 }):label_vectors()
  t.ok(uniform:min():item() >= 0 and uniform:max():item() <= 1)
  t.near(uniform:mean():item(), 0.5, 0.06)
end)

t.test("labels of a file are found by name, in any order", function()
  local path = folder .. "/labels.csv"
  system.write_atomic(path, 'name,a,b\ncow,5,6\n"cat",1,2\r\n"a ""quoted"", one",0,0\n\ndog,3,4e0\n')
  t.eq(build({ labels = path }):label_vectors():totable(), { { 1, 2 }, { 3, 4 }, { 5, 6 } })
  local quoted = { features = 1, classes = 2, class_names = { 'a "quoted", one', "cow" } }
  t.eq(build({ labels = path }, quoted):label_vectors():totable(), { { 0, 0 }, { 5, 6 } })
  local packed = folder .. "/labels.safetensors"
  require "label_file".write(packed, { "dog", "cow", "cat" }, torch.tensor { { 3 }, { 5 }, { 1 } })
  t.eq(build({ labels = packed }):label_vectors():totable(), { { 1 }, { 3 }, { 5 } })
end)

t.test("files that do not fit are refused with the line", function()
  local function refused(text, reason)
    local path = folder .. "/wrong.csv"
    system.write_atomic(path, text)
    t.raises(function() build { labels = path } end, reason)
  end
  refused("cat,1\ndog,2\n", "'cow' is none of them")
  refused("cat,1\ndgo,2\ncow,3\n", "did you mean 'dgo'?")
  refused("cat,1,2\ndog,2\ncow,3,4\n", "line 2: 1 numbers, but 2 before")
  refused("cat,1\ndog,x\n", "line 2: 'x' is no number")
  refused("cat,1\ncat,2\ndog,1\ncow,1\n", "'cat' is there twice")
  refused("cat\n", "line 1: a name and numbers")
  refused('"cat,1\n', "line 1: a quote is not closed")
  refused("\n", "it holds no labels")
  refused("cat,1\ndog,nan\ncow,2", "not finite")
  t.raises(function() build { labels = folder .. "/none.csv" } end, "there is no such file")
end)

t.test("labels that do not fit are refused", function()
  t.raises(function() build { labels = torch.zeros(2, 4) } end, "3 classes need labels [3, D], got")
  t.raises(function() build { labels = { { 1, 2 }, { 3, 4 }, { 1, 2 } } } end,
    "the labels of 'cat' and 'cow' are the same vector")
  t.raises(function() build { labels = { { 1 }, { 2 }, { 0 / 0 } } } end, "not finite")
  t.raises(function() dense { labels = 5 } end, "got number")
  t.raises(function() dense { labels = "normal", loss = "bce" } end, "smooth_l1")
  local head = build { dim = 4 }
  local several = torch.zeros(2, 3, { dtype = "int64" })
  t.raises(function() head:losses(torch.zeros(2, 4), { y = several }) end, "these have several")
  t.raises(function() head:losses(torch.zeros(1, 5), { y = long { 0 } }) end)
end)

t.test("soft labels are expected vectors; ignored samples may have no label", function()
  local head = build { labels = { { 1, 0 }, { 0, 1 }, { 4, 4 } }, loss = "mse" }
  local z = torch.tensor { { 1, 2 }, { 0, 0 } }
  t.near(head:losses(z["0:1"], { t = torch.tensor { { 0.5, 0, 0.5 } } })[1].value:item(), ((1 - 2.5) ^ 2 + 0) / 2, 1e-6)
  t.near(head:losses(z, { y = long { 0, -1 }, ignore = torch.tensor { false, true } })[1].value:item(), 2, 1e-6)
end)

t.test("one class, and classes that are told apart", function()
  local one = build({ dim = 4 }, { features = 2, classes = 1 })
  t.eq(one:predict(torch.randn(2, 4)).y:totable(), { 0, 0 })
  local head = build { labels = { { 0 }, { 1 }, { 5 } } }
  head:evaluate { 1, 2 }
  t.eq(head:predict(torch.tensor { { 0 }, { 4 } }).y:totable(), { 1, 2 })
  t.near(head:label_matrix(), { { 0, -1, -5 }, { -1, 0, -4 }, { -5, -4, 0 } }, 1e-6)
end)

t.test("outputs of half precision, labels of double", function()
  local head = build { labels = torch.randn(3, 4, { dtype = "float64" }) }
  local z = head:ideal(long { 2, 0 }):to "bfloat16"
  t.eq(head:predict(z).y:totable(), { 2, 0 })
  t.eq(head:losses(z, { y = long { 2, 0 } })[1].value.dtype, "float64")
  local gap = (z:double() - head:ideal(long { 2, 0 })):abs():max():item()
  t.ok(gap > 0 and gap < 0.05)
  t.ok(head:losses(z, { y = long { 2, 0 } })[1].value:item() > 0) -- labels are not rounded to the outputs' precision
  head.module:to "float64"
  head:losses(head:forward(torch.randn(2, 3, { dtype = "float64" })), { y = long { 0, 1 } })[1].value:backward()
  t.eq(head.module.weight.grad.dtype, "float64")
end)

-- A BERT of one layer in a folder, as such models come.
local function small_bert()
  local function write(name, text) system.write_atomic(folder .. "/bert/" .. name, text) end
  system.mkdir(folder .. "/bert")
  write("config.json", [[{"model_type": "bert", "vocab_size": 8, "hidden_size": 4, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 10, "type_vocab_size": 2,
    "layer_norm_eps": 1e-12, "hidden_act": "gelu"}]])
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\ndog\ncow\n")
  return folder .. "/bert"
end

t.test("labels of a text encoder, as a node that is read when the head is built", function()
  local bert = schema.find "text.bert" { small_bert(), pretrained = false, pool = "mean", max_length = 8 }
  local node = bert:encode { "cat", "dog", "cow" }
  t.eq(node.kind, "text.bert:encode")
  torch.manual_seed(3)
  local labels = node:build()
  torch.manual_seed(3)
  local head = build { labels = node }
  t.eq(labels.shape, { 3, 4 })
  t.near(head:label_vectors(), labels, 1e-6)
  t.raises(function() build { labels = bert } end, "an encoder alone has no texts")
  t.raises(function() build { labels = bert:encode { "cat" } } end, "3 classes need labels [3, D]")
end)
