-- Documents of several categories through a join: an experiment from texts to F1, with coarse documents beside.
local t = require "test"
local host_data = require "host.data"
local host_graph = require "host.graph"
local schema = require "schema"

local categories = { "cs.CL", "cs.LG", "stat.ML", "stat.TH" }
local words = { "grammar", "gradient", "kernel", "theorem" }

-- n documents: the words of their categories among others that say nothing; every third has two categories.
local function documents(n, first, relabel)
  local texts, rows = {}, {}
  for i = first, first + n - 1 do
    local one = i % 4
    local two = i % 3 == 0 and (one + 1 + math.floor(i / 12) % 2) % 4 or nil
    local said = { "we", "study" }
    for k = 1, 3 do said[#said + 1] = words[one + 1] end
    for k = 1, two and 3 or 0 do said[#said + 1] = words[two + 1] end
    texts[#texts + 1] = table.concat(said, " ") .. " document " .. i
    rows[#rows + 1] = relabel and { math.floor(one / 2), two and math.floor(two / 2) ~= math.floor(one / 2)
      and math.floor(two / 2) or -1 }
      or { one, two or -1 }
  end
  return texts, torch.tensor(rows, { dtype = "int64" })
end

local function set(name, class_names, n, first, relabel)
  local texts, labels = documents(n, first, relabel)
  return host_data.from_texts(texts, labels, { name = name, class_names = class_names })
end

-- A dataset node of these documents, and what it builds.
local Data = {}
Data.__index = Data
function Data:splits() return { "train", "val", "test" } end
function Data:fingerprints() return { train = self.sets.train:fingerprint() } end

local function declared(kind, class_names, sizes, relabel)
  return schema.declare("data." .. kind, {}, function()
    local sets, first = {}, relabel and 10000 or 0
    for i, split in ipairs { "train", "val", "test" } do
      sets[split], first = set(kind, class_names, sizes[i], first, relabel), first + sizes[i]
    end
    return setmetatable({ name = kind, class_names = class_names, classes = #class_names, sets = sets, batch = 32,
      normalise = true }, Data)
  end)
end

local fine = declared("fine_documents", categories, { 96, 48, 96 })
local coarse = declared("coarse_documents", { "cs", "stat" }, { 96, 24, 48 }, true)
local graph = schema.declare("graph.archives", {}, function()
  return host_graph.build {
    root = "arxiv", nodes = { "cs", "stat", unpack(categories) },
    edges = { { "arxiv", "cs" }, { "arxiv", "stat" }, { "cs", "cs.CL" }, { "cs", "cs.LG" }, { "stat", "stat.ML" },
      { "stat", "stat.TH" } },
    blocks = { cs = "archive", stat = "archive", ["cs.CL"] = "cs.category", ["cs.LG"] = "cs.category",
               ["stat.ML"] = "stat.category", ["stat.TH"] = "stat.category" },
  }
end)

local function experiment(model, loss, decode)
  local made = schema.find "experiment" "documents" {
    data = schema.find "join" { graph = graph {}, batch = 32, fine {}, coarse {} }, model = model, loss = loss,
    optim = schema.find "optim.adamw" { lr = 1e-2 }, train = { steps = 200 },
    eval = { on = { "fine_documents.test", "coarse_documents.test" }, decode = decode, threshold = "tune",
      report = { "join" },
             metrics = { "f1_micro", "f1_macro", "f1_samples", "exact" } },
  }:build { seed = 1, device = "cpu" }
  local values = {}
  for _, pair in ipairs(require "trial".run(made, {}).final) do values[pair[1]] = pair[2] end
  return values, made
end

local function lstm() return schema.find "text.lstm" { embed = 16, hidden = 16, layers = 1, min_count = 1 } end

t.test("documents of several categories, fine and coarse, are learnt as paths", function()
  local values, made = experiment(schema.find "path_decoder" { lstm(), hidden = 24, embed = 8 },
    schema.find "path.nll" { teacher_forcing = 1 }, "path_set")
  for _, set_name in ipairs { "fine_documents", "coarse_documents" } do
    for _, metric in ipairs { "f1_micro", "f1_macro", "f1_samples" } do
      t.ok(values[set_name .. ".test." .. metric] > 0.9, t.show(values))
    end
    t.ok(values[set_name .. ".test.threshold"] < 0.5)
  end
  -- the saved threshold is the first split's
  t.near(made.model.module.threshold:item(), values["fine_documents.test.threshold"], 1e-6)
  local report = made.data:report()
  local _, rows = documents(96, 10000, true)
  t.eq(report.labels[1].samples, { 0, rows:eq(0):any(1):sum():item() }) -- cs, alone or beside stat
  t.ok(tostring(report):find "\ncs.CL +%d+ +%- +1 +1 +0\n")
end)

t.test("documents of several categories are learnt by the Label Set", function()
  local values = experiment(schema.find "trunk" { lstm(), head = schema.find "head.label_set" {} },
    schema.find "loss.bce" {}, "greedy")
  for _, set_name in ipairs { "fine_documents", "coarse_documents" } do
    t.ok(values[set_name .. ".test.f1_micro"] > 0.95, t.show(values))
  end
end)

-- Three datasets: one label each, up to two, up to three, with label sets that overlap by name, by map, and not at all.
local function of_rows(kind, class_names, rows)
  local texts = {}
  for i = 1, #rows do texts[i] = kind .. " " .. i end
  local set = host_data.from_texts(texts, torch.tensor(rows, { dtype = "int64" }),
    { name = kind, class_names = class_names })
  local dataset = require "dataset"
  local origin = { name = kind, things = "texts", class_names = class_names, counts = set:counts(),
                   official_test = true, sets = { train = set, test = set } }
  return schema.declare("data." .. kind, dataset.fields(origin), dataset.builder(origin), dataset.more(origin))
end
local one = of_rows("one_label", { "cs.CL", "cs.LG" }, { 0, 1, 1 })
local two = of_rows("two_labels", { "cs.CL", "stat", "learning" }, { { 0, 2 }, { 1, -1 }, { 2, 1 } })
local three = of_rows("three_labels", { "stat.ML", "stat.TH", "cs" }, { { 0, 1, 2 }, { 2, -1, -1 } })

-- Every combination of mixes: what each sample asks for, by name.
t.test("rows of any number of labels join, padded to the widest", function()
  for _, mix in ipairs { "proportional", "balanced", "round-robin" } do
    local joined = schema.find "join" { graph = graph {}, duplicates = "keep", mix = mix, batch = 3,
      one {}, two { labels = { learning = "cs.LG" }, weight = 2 }, three {} }:build()
    t.eq(joined:report().shared, { "cs.CL", "cs.LG" })
    local vocabulary = require "host.text".train_vocabulary({ joined.parts[1].sets.train }, {})
    local seen = {}
    for batch in joined:loader("train", { seed = 1, tokenizer = vocabulary }):each(0) do
      t.eq({ batch.y:size(1), batch.t:size(1) }, { 3, joined.classes })
      for i, row in ipairs(batch.y:totable()) do
        local names, ones = {}, batch.t[i - 1]:nonzero():flatten():totable()
        for _, token in ipairs(row) do
          if token >= 0 then names[#names + 1] = joined.class_names[token + 1] end
        end
        table.sort(row)
        local tokens = {}
        for _, token in ipairs(row) do
          if token >= 0 then tokens[#tokens + 1] = token end
        end
        t.eq(ones, tokens)
        seen[batch.domain[i - 1]:item() .. ":" .. batch.idx[i - 1]:item()] = { names, batch.w[i - 1]:item() }
      end
    end
    local expected = {
      ["one_label"] = { { "cs.CL" }, { "cs.LG" }, { "cs.LG" } },
      ["two_labels"] = { { "cs.CL", "cs.LG" }, { "stat" }, { "cs.LG", "stat" } },
      ["three_labels"] = { { "stat.ML", "stat.TH", "cs" }, { "cs" } },
    }
    for d, part in ipairs(joined.parts) do
      local rows = part.sets.train:rows():totable()
      for i, row in ipairs(rows) do
        local found = seen[(d - 1) .. ":" .. (i - 1)]
        if mix ~= "balanced" or found then
          t.eq(found, { expected[part.name][row + 1], d == 2 and 2 or 1 }, mix .. " " .. part.name)
        end
      end
    end
    -- a split of one label each stays one label each
    for batch in joined:loader("one_label.test", { tokenizer = vocabulary }):each(0) do
      t.eq({ batch.y.ndim, batch.t }, { 1 })
    end
  end
end)
