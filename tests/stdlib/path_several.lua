-- Samples of several labels on a label graph: every label's paths are learnt, and sets of classes are predicted.
local t = require "test"
local evaluate = require "evaluate"
local host_graph = require "host.graph"
local label_rows = require "label_rows"
local rng = require "host.rng"
local schema = require "schema"
local threshold = require "threshold"

-- Documents of archives and categories. Feature i says category i; some documents have two.
local categories = { "cs.CL", "cs.LG", "stat.ML", "stat.TH" }
local function archives()
  return host_graph.build {
    root = "arxiv", nodes = { "cs", "stat", unpack(categories) },
    edges = { { "arxiv", "cs" }, { "arxiv", "stat" }, { "cs", "cs.CL" }, { "cs", "cs.LG" }, { "stat", "stat.ML" },
      { "stat", "stat.TH" } },
    blocks = { cs = "archive", stat = "archive", ["cs.CL"] = "cs.category", ["cs.LG"] = "cs.category",
               ["stat.ML"] = "stat.category", ["stat.TH"] = "stat.category" },
    labels = categories,
  }
end

local function documents(graph, n, seed)
  torch.manual_seed(seed)
  local x, rows = torch.randn(n, 1, 2, 2) * 0.1, {}
  for i = 0, n - 1 do
    local first = i % 4
    local second = i % 3 == 0 and (first + 1 + i % 2) % 4 or nil
    for _, k in ipairs { first, second } do x[i][0]:view(4)[k] = 1 end
    rows[i + 1] = { graph:token(categories[first + 1]), second and graph:token(categories[second + 1]) or -1 }
  end
  return { x = x, y = torch.tensor(rows, { dtype = "int64" }), idx = torch.arange(n), domain = torch.zeros(n):long() }
end

local function data_of(graph)
  local tokens = {}
  for i, name in ipairs(categories) do tokens[i] = graph:token(name) end
  local part = { name = "docs", class_names = categories }
  return { parts = { part }, evaluated = function() return part, tokens end }
end

local function context(graph)
  return { data = data_of(graph), graph = graph, image = { 1, 2, 2 }, seed = 1, classes = graph:size() + 1,
           decoding = { decode = "path_set", threshold = 0.5 } }
end

local function learn(model, term, batch, steps)
  local trunk, heads = model:parameters()
  local all = { unpack(trunk) }
  for _, p in ipairs(heads) do all[#all + 1] = p end
  local optim = schema.build(schema.find "optim.adamw" { lr = 2e-2, weight_decay = 0 }, { parameters = all })
  for _ = 1, steps do
    scope(function()
      optim:zero_grad()
      term { features = model:features(batch), batch = batch }:backward()
      optim:step()
    end)
  end
end

local function measured(model, batch)
  local loader = { each = function()
    local given = false
    return function()
      if given then return nil end
      given = true
      local fresh = {} -- a batch is freed with its evaluation
      for key, value in pairs(batch) do fresh[key] = torch.is_tensor(value) and value:clone() or value end
      return fresh
    end
  end }
  local metrics = evaluate.metrics({ "f1_micro", "f1_macro", "f1_samples", "exact", "top1" }, {},
    { classes = model.numbers })
  local values = {}
  for _, pair in ipairs((evaluate.run(model, loader, metrics,
    "docs.test"))) do values[pair[1]:match "[^.]+$"] = pair[2] end
  return values, loader
end

t.test("a path decoder learns several labels a sample and predicts sets of them", function()
  local graph = archives()
  torch.manual_seed(5)
  local model = schema.build(schema.find "path_decoder" { schema.find "vision.mlp" { widths = { 32 } }, hidden = 24,
    embed = 8 }, context(graph))
  local nll = model:term(schema.build(schema.find "path.nll" { teacher_forcing = 1 }), "path.nll")
  learn(model, nll, documents(graph, 96, 1), 200)
  local test = documents(graph, 48, 2)
  local values, loader = measured(model, test)
  -- a document of two categories shares its probability between them: 0.5 is too much to ask for
  model:set_threshold(0.25)
  local wide = measured(model, test)
  t.ok(wide.f1_micro > 0.95 and wide.f1_samples > 0.95 and wide.top1 > 0.95, t.show(wide))
  t.ok(wide.f1_micro > values.f1_micro, "0.25 is better than 0.5")
  local tuned = threshold.tune(model, loader, "docs.val")
  t.ok(tuned > 0.02 and tuned < 0.5, tostring(tuned))
  t.ok(measured(model, test).f1_micro >= wide.f1_micro)
  -- a prediction of a set still has its greedy path
  local prediction = model:predict(test)
  t.eq(prediction.tokens.shape, { 48, 2 })
  t.eq(prediction.valid:all():item(), true)
  t.eq(prediction.set:eq(prediction.probability:ge(tuned):logical_and(prediction.probability:gt(0))):all():item(), true)
  -- the threshold goes with the weights
  local other = schema.build(schema.find "path_decoder" { schema.find "vision.mlp" { widths = { 32 } }, hidden = 24,
    embed = 8 }, context(graph))
  other.module:load_state_dict(model.module:state_dict())
  t.eq(other:predict(test).set, prediction.set)
end)

t.test("path losses of several labels are the mean over the labels' paths", function()
  local graph = archives()
  torch.manual_seed(5)
  local model = schema.build(schema.find "path_decoder" { schema.find "vision.mlp" { widths = { 8 } }, hidden = 6,
    embed = 4 }, context(graph))
  local batch = documents(graph, 6, 3)
  local features = model:features(batch)
  local nll = schema.build(schema.find "path.nll" { teacher_forcing = 1 })
  local both = nll(model.module.decoder, features, batch.y, rng.stream(1, "x")):item()
  local total = 0
  for i, row in ipairs(batch.y:totable()) do
    local sum, count = 0, 0
    for _, token in ipairs(row) do
      if token >= 0 then
        local one = nll(model.module.decoder, features[{ { i - 1, i } }],
          torch.tensor({ token }, { dtype = "int64" }), rng.stream(1, "x"))
        sum, count = sum + one:item(), count + 1
      end
    end
    total = total + sum / count
  end
  t.near(both, total / 6, 1e-5)
end)

t.test("the Label Set learns several labels a sample", function()
  local graph = archives()
  torch.manual_seed(5)
  local model = schema.build(schema.find "trunk" { schema.find "vision.mlp" { widths = { 32 } },
    head = schema.find "head.label_set" {} }, context(graph))
  local bce = model:term(schema.build(schema.find "loss.bce" {}), "loss.bce")
  learn(model, bce, documents(graph, 96, 1), 150)
  model.numbers = graph:size() + 1
  local values = measured(model, documents(graph, 48, 2))
  t.ok(values.f1_micro > 0.95 and values.exact > 0.9, t.show(values))
end)
