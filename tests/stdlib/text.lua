local t = require "test"
local schema = require "schema"
local system = require "host.system"
local data = require "host.data"
local host_text = require "host.text"

-- A folder of small files in the forms of the official ones.
local folder = system.temporary_folder "moonlab-text"
local official = os.getenv "MOONLAB_DATA"
local function write(name, lines) system.write_atomic(folder .. "/" .. name, table.concat(lines, "\n") .. "\n") end

system.mkdir(folder .. "/trec")
do -- the official number of questions of each class, by words that tell the class
  local trec = schema.find "data.trec"
  local train, test = {}, {}
  system.set_environment("MOONLAB_DATA", folder)
  for i, class in ipairs(trec {}.class_names) do
    local word = class:gsub("%W", " "):lower()
    for k = 1, ({ 16, 70, 421 })[i] or 12 do train[#train + 1] = ("%s what %s %d ?"):format(class, word, k) end
    for k = 1, 2 do test[#test + 1] = ("%s which %s %d ?"):format(class, word, k) end
  end
  write("trec/train_5500.label", train)
  write("trec/TREC_10.label", test)
end
write("mails.csv", { "subject,body,topics", '"Hi, you",lunch at noon,food;team', "Re: build,it is broken,work",
                     "Cake,in the kitchen,food", "Plan,sprint and cake,work;food" })
write("mails_test.jsonl", { '{"subject": "Soup", "body": "today", "topics": ["food"]}' })

local trec, text = schema.find "data.trec", schema.find "data.text"

t.test("what is known of TREC without reading it", function()
  t.eq(trec {}.classes, 50)
  t.eq(trec {}.size, 5452)
  t.eq(trec { level = "coarse" }.class_names, { "ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM" })
  t.eq(trec { only = { "ABBR", "HUM:ind" } }.class_names, { "ABBR:abb", "ABBR:exp", "HUM:ind" })
  t.eq(trec { only = { "ABBR", "HUM:ind" }, level = "coarse" }.class_names, { "ABBR", "HUM" })
  t.eq(trec { only = { "ABBR" } }.size, 86)
  t.raises(function() trec { only = { "ABBR:abc" } } end, "did you mean 'ABBR:abb'?")
  t.raises(function() trec { per_class = 5 } end, "class 'ENTY:currency' has 4 of 4 texts left, 5 wanted for training")
  t.raises(function() trec { level = "coarse", labels = { x = { "ABBR" } } } end, "give one of level and labels")
  t.raises(function() trec { skip = 1.5 } end, "skip = 1.5 is neither a number of texts nor a share")
  t.raises(function() trec { normalise = true } end, "unknown key 'normalise'")
end)

t.test("the fine half and the coarse rest of TREC share no text", function()
  local fine = trec { fraction = 0.5, only = { "ABBR", "DESC:def" } }:build()
  local rest = trec { name = "coarse", level = "coarse", skip = 0.5, only = { "ABBR", "DESC:def" } }:build()
  t.eq(fine:set "train":overlap(rest:set "train"), 0)
  t.eq(#fine:set "train" + #rest:set "train", 16 + 70 + 421)
  t.eq(rest.class_names, { "ABBR", "DESC" })
  t.eq(#rest:set "test", 6)
  t.eq(fine:set "train":shape(), {})
  t.ok(tostring(fine:set "train"):find("texts of 3 classes", 1, true), tostring(fine:set "train"))
end)

t.test("texts of one's own, with several labels", function()
  local node = text { folder .. "/mails.csv", text = { "subject", "body" }, label = "topics", separator = ";",
                      test_path = folder .. "/mails_test.jsonl", batch = 4 }
  t.eq(node.class_names, { "food", "team", "work" })
  local built = node:build()
  t.eq(#built:set "test", 1)
  t.eq(built:set "train":counts(), { 3, 1, 2 })
  local words = host_text.train_vocabulary({ built:set "train" }, {})
  for batch in built:loader("train", { tokenizer = words, max_length = 8, shuffle = false }):each(0) do
    t.eq(batch.x.shape, { 4, 6 })
    t.eq(batch.mask:sum():item(), 6 + 6 + 4 + 4)
    t.eq(batch.t:sum(0):totable(), { 3, 1, 2 })
    t.eq(batch.y.shape, { 4, 2 })
    local hits = batch.y:ge(0)
    t.ok(batch.t:gather(1, batch.y:clamp_min(0)):masked_select(hits):eq(1):all():item(), "y and t differ")
  end
  t.raises(function() text { folder .. "/mails.csv", label = "topics" }:build() end, "no column 'text'")
  t.raises(function() text { folder .. "/none.csv" }:build() end, "none.csv: cannot be read")
end)

t.test("a vocabulary and a tokenizer are the same kind of object", function()
  local set = data.from_texts({ "the cat", "the dog" }, torch.tensor({ 0, 1 }, { dtype = "int64" }),
    { name = "pets", class_names = { "cat", "dog" } })
  t.eq(set:text(1), "the dog")
  local words = host_text.train_vocabulary({ set }, { min_count = 1 })
  t.eq(#words, 5)
  t.eq(words:encode "The dog barks", { 2, 4, 1 })
  t.eq(words:decode { 2, 4 }, "the dog")
  t.eq(words:token(3), "cat")
  t.eq(words:id "bird", nil)
  local x, mask = words:batch({ "the", "the cat dog" }, 2)
  t.eq(x:totable(), { { 2, 0 }, { 2, 3 } })
  t.eq(mask:totable(), { { true, false }, { true, true } })
  t.raises(function() words:token(5) end, "id 5 is out of range: 5 tokens")
  t.raises(function() host_text.train_vocabulary({ set }, { min_size = 1 }) end, "unknown option 'min_size'")
end)

-- An experiment as a script declares it, in the smallest size that can learn.
local function assembled(model)
  local experiment = schema.find "experiment"
  return schema.build(experiment "texts" {
    data = trec { only = { "ABBR", "DESC:def", "NUM:date" }, level = "coarse", per_class = 12, batch = 16 }, model = model,
    optim = schema.find "optim.adamw" { lr = 3e-2 }, train = { steps = 60 } }, { seed = 1, device = "cpu" })
end
local trunk, softmax = schema.find "trunk", schema.find "head.softmax"

t.test("an LSTM learns which words tell the class", function()
  local made = assembled(trunk { schema.find "text.lstm" { embed = 8, hidden = 8, layers = 1, min_count = 1 }, head = softmax {} })
  local state = require "trial".run(made, {})
  t.ok(state.final[1][2] == 1, "top1 is " .. tostring(state.final[1][2]))
end)

t.test("encoders of images refuse texts, and those of texts images", function()
  t.raises(function() assembled(trunk { schema.find "vision.mlp" { widths = { 4 } }, head = softmax {} }) end, "texts")
  local images = { sets = { train = data.from_tensors(torch.zeros(2, 1, 2, 2, { dtype = "uint8" }),
    torch.zeros(2, { dtype = "int64" }), { name = "dots", class_names = { "dot" } }) }, name = "dots" }
  t.raises(function() schema.find "text.lstm" {}:build { data = images } end, "takes texts, but 'dots' holds images")
  t.raises(function() schema.find "text.lstm" {}:build() end, "build it as part of an experiment")
end)

-- A BERT of two layers in a folder, as such models come.
local function small_bert(name)
  system.mkdir(folder .. "/" .. name)
  write(name .. "/config.json", { [[{"model_type": "bert", "vocab_size": 12, "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 10, "type_vocab_size": 2,
    "layer_norm_eps": 1e-12, "hidden_act": "gelu"}]] })
  write(name .. "/vocab.txt", { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "what", "which", "abbr", "desc", "num", "def",
                                "date" })
  local make = require("host.module").make
  torch.manual_seed(3)
  local module = make("Bert", { vocabulary = 12, width = 8, layers = 2, heads = 2, inner = 16, positions = 10 })
  local tensors = {}
  for key, tensor in module:state_dict() do tensors[key] = tensor end
  return tensors, folder .. "/" .. name
end
local bert = schema.find "text.bert"

t.test("a model's folder gives weights, sizes and words; old names and prefixes are understood", function()
  local safetensors = require "safetensors"
  local tensors, path = small_bert "plain"
  safetensors.save_file(tensors, path .. "/model.safetensors")
  local plain = bert { path, max_length = 10 }:encode({ "what abbr", "which num date what what" }):build()
  t.eq(plain.shape, { 2, 8 })
  local old, other = small_bert "old"
  local renamed = { ["bert.embeddings.position_ids"] = torch.arange(10), ["cls.predictions.bias"] = torch.zeros(12) }
  for key, tensor in pairs(old) do
    key = key:gsub("LayerNorm%.weight", "LayerNorm.gamma"):gsub("LayerNorm%.bias", "LayerNorm.beta")
    renamed["bert." .. key] = tensor
  end
  safetensors.save_file(renamed, other .. "/model.safetensors")
  t.ok(bert { other, max_length = 10 }:encode({ "what abbr", "which num date what what" }):build():equal(plain), "the old names differ")
  local elsewhere = {} -- as sentence-transformers and training programs write them
  for key, tensor in pairs(tensors) do elsewhere["0.auto_model." .. key] = tensor end
  safetensors.save_file(elsewhere, other .. "/model.safetensors")
  t.ok(bert { other, max_length = 10 }:encode({ "what abbr", "which num date what what" }):build():equal(plain), "another prefix")
  safetensors.save_file({ ["layer1.0.conv1.weight"] = torch.zeros(4, 4, 3, 3), ["layer2.0.conv1.weight"] = torch.zeros(4, 4, 3, 3) },
    other .. "/model.safetensors")
  t.raises(function() bert { other, max_length = 10 }:build() end, "no weights of BERT's kind (these are weights of a ResNet of")
  system.write_atomic(other .. "/model.safetensors", "cut short")
  t.raises(function() bert { other, max_length = 10 }:build() end, "old/model.safetensors")
  t.raises(function() bert { path, max_length = 11 }:build() end, "max_length = 11, but")
  t.raises(function() bert { folder .. "/trec" }:build() end, "cannot read")
  tensors["encoder.layer.1.output.dense.bias"] = nil
  safetensors.save_file(tensors, path .. "/model.safetensors")
  t.raises(function() bert { path, max_length = 10 }:build() end, "encoder.layer.1.output.dense.bias")
end)

t.test("features of a frozen encoder are computed once and are the encoder's own", function()
  local home = os.getenv "MOONLAB_HOME"
  system.set_environment("MOONLAB_HOME", folder .. "/home")
  local tensors, path = small_bert "frozen"
  require "safetensors".save_file(tensors, path .. "/model.safetensors")
  local made = assembled(trunk { bert { path, max_length = 10, freeze = true }, head = softmax {} })
  for batch in made.loaders.test:each(0) do
    t.eq(batch.x.shape[2], 8)
    local texts = {}
    for i, index in ipairs(batch.idx:totable()) do texts[i] = made.data:set "test":text(index) end
    local encoder = made.model.module.encoder
    local fresh = encoder(require "encoder".input(encoder).tokenizer:batch(texts, 10))
    t.ok((fresh - batch.x):abs():max():item() < 1e-6, "kept features are not the encoder's")
  end
  local trunk_parameters = made.model:parameters()
  t.eq(#trunk_parameters, 0)
  t.ok(system.stat(folder .. "/home/features"), "nothing is kept on the disk")
  local before = made.model.heads[1].head.module.weight:clone()
  require "trial".run(made, {})
  t.ok(not made.model.heads[1].head.module.weight:equal(before), "the head does not learn")
  system.set_environment("MOONLAB_HOME", home)
end)

t.test("MiniLM's sentence vectors are those of the reference", function()
  local found = require "catalogue".find "minilm"
  if not found then t.skip "the weights are not here: moonlab data get minilm" end
  local e = schema.find "text.minilm" {}:encode({ "A man is eating food.", "A man is eating a piece of bread.",
                                                  "The girl is carrying a baby." }):build()
  t.ok((e:norm(2, 1) - 1):abs():max():item() < 1e-5, "not of length 1")
  local first = torch.tensor { { 0.0332416146, 0.0044060331, -0.0062769703 }, { 0.0525184870, 0.0552413017, -0.0111881969 },
                               { -0.0363089666, -0.0356535167, -0.0272226986 } }
  t.ok((e:narrow(1, 0, 3) - first):abs():max():item() < 1e-4, "the vectors differ")
  local cosine = e:matmul(e:t())
  t.ok(math.abs(cosine[0][1]:item() - 0.7553370) < 1e-4, tostring(cosine[0][1]:item()))
  t.ok(math.abs(cosine[0][2]:item() + 0.1049585) < 1e-4, tostring(cosine[0][2]:item()))
end)

system.set_environment("MOONLAB_DATA", official)
