-- What each dataset of a join has of its own: how often it is drawn, what it weighs, what happens to its images.
local t = require "test"
local flat_sets = dofile(MOONLAB_ROOT .. "/tests/flat_sets.lua")
local host_graph = require "host.graph"
local oracle = dofile(MOONLAB_ROOT .. "/tests/oracle.lua")
local schema = require "schema"

local graph = flat_sets.graph "join_weights"

-- A dataset "data.NAME" of n flat images [C, side, side], brightness `level` + its index, classes by turns.
local function declare(name, n, class_names, level, side, channels)
  return flat_sets.declare(name, class_names, flat_sets.levels(n, level or 0), true, side, channels)
end
local fine = declare("weights_fine", 8, { "a1", "a2", "b1", "b2" }, 0)
local coarse = declare("weights_coarse", 24, { "A", "B" }, 50)
local third = declare("weights_third", 4, { "b2", "a1" }, 100)
local wide = declare("weights_wide", 4, { "a1", "a2" }, 200, 3)
local colour = declare("weights_colour", 4, { "A" }, 150, 2, 3)

local function join(options)
  options.graph, options.batch = graph {}, options.batch or 8
  options.duplicates = options.duplicates or "keep"
  return schema.find "join" (options):build()
end

-- Samples of each dataset in an epoch, and its batches.
local function epoch(joined, number)
  local count, batches, weights = {}, 0, {}
  for i = 1, #joined.parts do count[i] = 0 end
  for batch in joined:loader("train", { seed = 1 }):each(number or 0) do
    batches = batches + 1
    for i, d in ipairs(batch.domain:totable()) do
      count[d + 1] = count[d + 1] + 1
      weights[d + 1] = batch.w and batch.w[i - 1]:item() or nil
    end
  end
  return count, batches, weights
end

t.test("draw says how often each of three datasets is drawn from, under every mix", function()
  for mix, expected in pairs {
    proportional = { 16, 12, 4 },                -- 8 twice, half of 24, 4 once
    balanced = { 21, 5, 10 },                    -- 36 as 2 : 1/2 : 1
    ["round-robin"] = { 16, 12, 4 },
  } do
    local joined = join { mix = mix, fine { draw = 2 }, coarse { draw = 0.5 }, third {} }
    local count, batches = epoch(joined)
    t.eq(count, expected, mix)
    t.eq(batches, joined:loader "train":batches(), mix)
    local report = joined:report()
    for i, n in ipairs(expected) do t.eq(report.datasets[i].epoch, n, mix) end
  end
  local joined = join { fine { draw = 0.5 } }
  t.eq({ (epoch(joined)) }, { { 4 } })
  t.eq(joined:loader "test":size(), 1)
end)

t.test("weight goes to training's batches and to no other", function()
  local _, _, weights = epoch(join { fine { weight = 2 }, coarse {}, third { weight = 0.25 } })
  t.eq(weights, { 2, 1, 0.25 })
  _, _, weights = epoch(join { fine {}, coarse {} })
  t.eq(weights, {})
  for batch in join({ fine { weight = 2 } }):loader("test"):each(0) do t.eq(batch.w, nil) end
end)

-- Logits and path losses of a batch with weights, and of each sample alone.
t.test("the loss of a head is the mean of loss times weight, also where a batch is of one dataset", function()
  local joined = join { mix = "round-robin", fine { weight = 3 }, coarse { weight = 0.5 } }
  torch.manual_seed(1)
  local context = { classes = joined.classes, data = joined, graph = joined.graph, image = joined:image(), seed = 1 }
  local model = schema.build(schema.find "trunk" { schema.find "vision.mlp" { widths = { 4 } },
                                                   head = schema.find "head.softmax" {} }, context)
  local of = model:default_terms()[1].of
  for batch in joined:loader("train", { seed = 1 }):each(0) do
    local weighted = of { features = model:features(batch), batch = batch }:item()
    local plain = of { features = model:features(batch), batch = { x = batch.x, y = batch.y } }:item()
    t.near(weighted, plain * (batch.domain[0]:item() == 0 and 3 or 0.5), 1e-5)
  end
  for batch in join({ batch = 32, fine { weight = 3 }, coarse {} }):loader("train", { seed = 1 }):each(0) do
    local logits = model.heads[1].head:forward(model:features(batch))
    local each = torch.cross_entropy_loss(logits, batch.y, { reduction = 0 })
    t.near(of({ features = model:features(batch), batch = batch }):item(), (each * batch.w):mean():item(), 1e-5)
  end
end)

t.test("weights of samples scale both path losses", function()
  local joined = join { fine {}, coarse {} }
  torch.manual_seed(1)
  local decoder = require "host.label".path_decoder(joined.graph, { features = 3, hidden = 8, embed = 4 })
  local function token(name) return joined.graph:token(name) end
  local features, y = torch.randn(3, 3), torch.tensor({ token "a1", token "b2", token "B" }, { dtype = "int64" })
  local function of(loss, rows, weights, seed)
    return decoder[loss](decoder, features:index_select(0, rows), y:index_select(0, rows),
      { weights = weights, baseline = loss == "reinforce" and "none" or nil,
        generator = require "host.rng".stream(seed or 1, "decode") }):item()
  end
  local alone = {}
  for i = 0, 2 do alone[i + 1] = of("nll", torch.tensor({ i }, { dtype = "int64" })) end
  local all = torch.arange(3)
  -- b2 has no deterministic path: the mean is of the two others
  t.eq(alone[2], 0)
  t.near(of("nll", all), (alone[1] + alone[3]) / 2, 1e-5)
  t.near(of("nll", all, torch.tensor { 2, 0.5, 4 }), (2 * alone[1] + 4 * alone[3]) / 2, 1e-5)
  -- only b2 has nondeterministic paths
  local unweighted = of("reinforce", all, nil, 4)
  t.ok(unweighted > 0, "the path that is drawn earns a reward")
  t.near(of("reinforce", all, torch.tensor { 7, 0.5, 9 }, 4), 0.5 * unweighted, 1e-6)
  t.raises(function() of("nll", all, torch.tensor { 1, 2 }) end, "weights of 3 samples are [3], got [2]")
end)

t.test("each dataset has its own transform and its own random changes", function()
  local joined = join {
    augment = { function(image) return image + 1 end },
    fine { transform = function(image) return image * 0 end },
    coarse { augment = { schema.find "augment.flip" {}, function(image, sample) return image * 0 + sample.idx end } },
    third { augment = {} },
  }
  t.eq(joined:image(), { 1, 2, 2 })
  for batch in joined:loader("train", { seed = 1, workers = 1 }):each(0) do
    for i = 0, batch.y:size(0) - 1 do
      local d, idx, x = batch.domain[i]:item(), batch.idx[i]:item(), batch.x[i][0][0][0]:item()
      local stored = joined.parts[d + 1].sets.train:load({ idx }, false)[0][0][0][0]:item()
      t.near(x, d == 0 and 1 or d == 1 and idx or stored, 1e-6)
    end
  end
  -- the transform holds on every split, random changes in training alone
  local plain = join { fine { transform = function(image) return 1 - image end,
                              augment = { function(image) return image * 9 end } }, coarse {} }
  for batch in plain:loader("weights_fine.test"):each(0) do t.near(batch.x[0][0][0][0]:item(), 1, 1e-6) end
  local stored = plain.parts[1].sets.train:load(nil, false)
  for batch in plain:loader("weights_fine.train", { augment = false, shuffle = false }):each(0) do
    t.near((batch.x - (1 - stored)):abs():max():item(), 0, 1e-6)
  end
end)

t.test("transforms make images of different shapes alike", function()
  local joined = join { fine {}, wide { transform = function(image) return image["..., 1:, 1:"] end },
                        colour { transform = function(image) return image:mean(0, true) end } }
  local seen = {}
  for batch in joined:loader("train", { seed = 1 }):each(0) do
    for i, d in ipairs(batch.domain:totable()) do seen[d + 1] = batch.x[i - 1]:size() end
  end
  t.eq(seen, { { 1, 2, 2 }, { 1, 2, 2 }, { 1, 2, 2 } })
  t.raises(function() join { fine {}, wide {}, colour {} } end,
    "images of 'weights_wide' are [1, 3, 3], those of 'weights_fine' [1, 2, 2]: a join needs one shape")
  local message = t.raises(function()
    join { fine {}, wide { transform = function(image) return image["..., 2:"] end },
           colour { augment = { function(image) return image["0:1, 1:"] end } } }
  end, "images of 'weights_wide' are [1, 3, 1] once they are transformed, those of 'weights_fine' [1, 2, 2]")
  t.ok(message:find("training images of 'weights_colour' are [1, 1, 2] once they are transformed", 1, true), message)
  t.raises(function() join { fine { transform = function() return 3 end }, coarse {} } end,
    "transform of 'weights_fine', sample 0: the function must return the image as a tensor, got 3")
end)

t.test("known answer 000-19: the sizes of joined training sets", function()
  local case = oracle "000-19"
  local given, expected = case.input, case.expected
  local function names(prefix, n)
    local list = {}
    for i = 1, n do list[i] = prefix .. i end
    return list
  end
  local breeds, kinds = names("breed", 37), names("flower", 102)
  local function flat(name, nodes)
    return schema.declare("graph." .. name, {}, function()
      local edges = {}
      for i, node in ipairs(nodes) do edges[i] = { "r", node } end
      return host_graph.build { root = "r", nodes = nodes, edges = edges }
    end) {}
  end
  local function check(name, nodes, first, second)
    local node = schema.find "join" { graph = flat(name, nodes), duplicates = "keep", first, second }
    local made = node:build()
    t.eq(made:loader("train"):size(), node.size)
    return node.size, #made:report().labels
  end
  local size, classes = check("pet_fusion", { "cat", "dog", unpack(breeds) },
    declare("oracle_pets", given.pets, breeds) {},
    declare("oracle_dogs_cats", given.dogs_cats_needed, { "cat", "dog" }) {})
  t.eq({ size, classes }, { expected.PetFusion_train, expected.PetFusion_classes })
  -- of the 17 flowers those eight, 20 images each, whose names are among the 102
  local shared = { unpack(kinds, 1, given.flower_shared_labels) }
  size, classes = check("flower_fusion", kinds, declare("oracle_flowers102", given.flower102, kinds) {},
    declare("oracle_flowers17", given.flower17_row, { "rest1", unpack(names("flower", 16)) }) {
      only = shared, per_class = given.per_shared_label })
  t.eq({ size, classes }, { expected.FlowerFusion_train, expected.FlowerFusion_classes })
end)

t.test("subset cuts the training samples of all datasets in proportion", function()
  local node = schema.find "join" { graph = graph {}, duplicates = "keep", subset = 12, fine {}, coarse {}, third {} }
  local joined = node:build()
  local sizes = {}
  for i, part in ipairs(joined.parts) do sizes[i] = part.sets.train:size() end
  t.eq({ sizes, node.size, joined:loader("weights_fine.test"):size() }, { { 3, 8, 1 }, 12, 1 })
  local prints = joined:fingerprints()
  t.eq(node:build():fingerprints(), prints)
  local other = join { subset = 12, split_seed = 5, fine {}, coarse {}, third {} }:fingerprints()
  t.ok(other["weights_coarse.train"] ~= prints["weights_coarse.train"], "another seed chooses others")
  t.raises(function() join { subset = 37, fine {}, coarse {}, third {} } end, "subset = 37, but its datasets have 36")
  t.raises(function() join { subset = 2, coarse {}, third {}, fine {} } end,
    "subset = 2 of 36 training samples leaves none of 'weights_fine', which has 8")
end)

t.test("weights and draws that mean nothing are refused where they are written", function()
  for field, wrong in pairs { weight = 0, draw = -1 } do
    t.raises(function() fine { [field] = wrong } end,
      ("option '%s' must be a positive number, got %d"):format(field, wrong))
  end
  t.raises(function() fine { wieght = 2 } end, "did you mean 'weight'?")
  t.raises(function() epoch(join { fine { draw = 0.01 }, coarse {} }) end,
    "an epoch has none of the 8 training samples of 'weights_fine' with draw = 0.01")
end)
