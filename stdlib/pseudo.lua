local data = require "host.data"
local dataset = require "dataset"
local encoder = require "encoder"
local schema = require "schema"

local Pseudo = {}
Pseudo.__index = Pseudo

--- Batches of a split, as a dataset gives them: training holds the fine samples (domain 0) and then those with a pseudo
-- label, a domain for each label; other splits are the fine dataset's own.
function Pseudo:loader(split, options)
  if split:match "[^.]*$" == "train" then return dataset.loader(self.sources, split, self, options) end
  return self.fine:loader(split, options)
end

function Pseudo:splits() return self.fine:splits() end

--- SHA-256 of the fine dataset's splits, and of the coarse samples before any is labelled.
function Pseudo:fingerprints()
  local prints = self.fine:fingerprints()
  prints["coarse.train"] = self.coarse:fingerprints().train
  return prints
end

--- { labelled, kept, dropped, classes = { { name, kept = n, dropped = n }, ... } }: by pseudo label.
function Pseudo:report() return self.counts end

local function check_coarse(coarse)
  if coarse.sets.train:several() then
    error(("pseudo: samples of '%s' have several labels, and a pseudo label stands for one"):format(coarse.name), 0)
  end
end

local function check_teacher(made)
  if made.data.parts then
    error("pseudo: the teacher learns from one dataset, not from a join: it names fine labels", 0)
  end
end

-- What the teacher says of every sample: class (from 0) and its probability, by index.
local function predictions(made, coarse, device)
  local classes, sure = {}, {}
  local options = encoder.loading(made.model.module.encoder,
    { shuffle = false, batch = 250, device = device, augment = false })
  made.model:eval()
  torch.no_grad(function()
    for batch in coarse:loader("train", options):each(0) do
      scope(function()
        local prediction = made.model:predict(batch)
        local y, idx = prediction.y:totable(), batch.idx:totable()
        local p = prediction.scores and prediction.scores:amax(1):totable()
        for i, index in ipairs(idx) do classes[index], sure[index] = y[i], p and p[i] or 1 end
      end)
    end
  end)
  return classes, sure
end

-- fits[c][k]: does fine class k lie below coarse class c in the graph?
local function below(graph, coarse, fine)
  local names = { "<eop>", unpack(graph:names()) }
  local coarse_nodes = dataset.host(data.bind_classes, coarse.sets.train, names)
  local fine_nodes = dataset.host(data.bind_classes, fine.sets.train, names)
  local fits = {}
  for c, top in ipairs(coarse_nodes) do
    local reached, open = { [top] = true }, { top }
    while #open > 0 do
      for _, child in ipairs(graph:children(table.remove(open))) do
        local token = graph:token(child)
        if not reached[token] then
          reached[token] = true
          open[#open + 1] = token
        end
      end
    end
    fits[c] = {}
    for k, node in ipairs(fine_nodes) do fits[c][k] = reached[node] or false end
  end
  return fits
end

--- A fine dataset and pseudo-labelled samples of a coarse one (the label-space paper's baseline): a teacher is
-- trained on the fine dataset and names the coarse samples; with filter = "coarse" those are dropped whose pseudo
-- label does not lie below their given coarse label in the graph. What is left joins the fine dataset. Results also
-- tell teacher.KEY, the teacher's own metrics, and pseudo.kept, the share of coarse samples that stayed.
-- @usage pseudo { mnist5k { test = 0 }, teacher = experiment "t" { data = mnist5k {}, model = trunk { vision.mlp {}, head = head.softmax {} } }, filter = "none" }
return schema.declare("pseudo", {
  { "data", "node data", schema.required, "the samples to be labelled", at = 1 },
  { "teacher", "node experiment", schema.required,
    "trained first, on the fine dataset; its model is what names labels" },
  { "graph", "node graph", schema.optional, "relates coarse labels to fine ones" },
  { "filter", "one of coarse|none", "coarse", "drop samples whose pseudo label contradicts their own, or keep all" },
  { "confidence", "number in [0, 1]", 0.0, "drop samples whose pseudo label is less probable" },
  { "batch", "integer > 0", schema.optional, "samples a batch; the fine dataset's where absent" },
  { "last", "one of keep|drop", "keep", "what becomes of a last batch of training that is not full" },
}, function(o, context)
  local coarse = schema.build(o.data, context)
  check_coarse(coarse)
  local made, metrics = require "teacher".train(o.teacher, context, "pseudo", check_teacher)
  local fine = made.data
  local fits = o.filter == "coarse" and below(schema.build(o.graph, context), coarse, fine)
  local classes, sure = predictions(made, coarse, made.device)
  local given, kept = coarse.sets.train:labels():totable(), {}
  local counts = { labelled = #given, kept = 0, dropped = 0, classes = {} }
  for k, name in ipairs(fine.class_names) do kept[k], counts.classes[k] = {}, { name = name, kept = 0, dropped = 0 } end
  for i, label in ipairs(given) do
    local k = classes[i - 1] + 1
    local stays = sure[i - 1] >= o.confidence and (not fits or fits[label + 1][k])
    local what = stays and "kept" or "dropped"
    counts[what], counts.classes[k][what] = counts[what] + 1, counts.classes[k][what] + 1
    if stays then table.insert(kept[k], i - 1) end
  end
  local sources = { dataset.source(fine, fine.sets.train) }
  for k, indices in ipairs(kept) do
    if #indices > 0 then
      local targets = {}
      for c = 1, coarse.classes do targets[c] = k - 1 end
      local source = dataset.source(coarse, coarse.sets.train:subset(indices), targets)
      source.whole, source.places = coarse.sets.train, indices
      sources[#sources + 1] = source
    end
  end
  local facts = { { "pseudo.kept", counts.kept / counts.labelled } }
  for _, pair in ipairs(metrics or {}) do facts[#facts + 1] = { "teacher." .. pair[1], pair[2] } end
  return setmetatable({
    name = fine.name, class_names = fine.class_names, classes = fine.classes, sets = fine.sets,
    batch = o.batch or fine.batch, last = o.last, normalise = fine.normalise,
    transform = fine.transform, image = fine.image, fine = fine, coarse = coarse, sources = sources,
    counts = counts, facts = facts,
  }, Pseudo)
end, {
  check = function(o)
    if o.filter == "coarse" and not o.graph then
      return "filter = \"coarse\" needs graph = ..., which relates coarse labels to fine ones", "filter"
    end
  end,
})
