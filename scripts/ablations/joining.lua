-- What matters when two datasets are joined in label space (Label-space augmentation, ICML 2021, Section 4.5 and
-- Table 4): the size of the graph, how a label's paths are pooled, teacher forcing, REINFORCE and its baseline, the
-- normaliser, the rule that ends a path, the way of decoding; and the baselines beside them. One thing is changed a
-- row.
--
-- On handwritten digits, as scripts/quickstart.lua has them: 30 images of each digit with its name, 2,500 other images
-- of which only the stroke is known. The graph has three added nodes, so that 36 % of them are one and 63 % two.
--
-- Two rows fall far behind by greedy decoding (Algorithm 2), not by what is learnt. Where two of the loops are dropped
-- the third is alone in its block: its probability is 1 whatever is seen, so greedy decoding walks through it and loses
-- the digits that it does not lead to (`moonlab graph check` names such nodes; report = { "graph" } shows the traffic).
-- And where coarse labels may end a path, 2,500 images against 300 teach to stop at the stroke, which is no digit. Rows
-- with "likeliest class" are trained alike and decoded otherwise: of all paths that end at a digit the likeliest is
-- taken.

local p = params {
  model = { "paths", "what learns: 'paths', or a baseline: 'softmax' on A, 'label set' on the nodes of paths, 'pseudo' "
    .. "labels for B" },
  both = { true, "train on B too" },
  trim = { 0.0, "share of the added nodes dropped from the graph" },
  alpha = { 1.0, "weight of the teacher-forced paths" },
  beta = { 0.1, "weight of REINFORCE where a digit can be drawn in several ways" },
  teacher = { 0.9, "probability that a batch is fed the true path" },
  pool = { "mean", "how a label's paths are pooled: mean, sum or random" },
  normalizer = { "group", "a softmax over the block (group), or over the node's children in it (children)" },
  end_rule = { "leaf", "paths end at leaves (leaf), or coarse labels may end them too (gate)" },
  baseline = { "mean", "of REINFORCE: mean, ema, batch or none" },
  decode = { "greedy", "how a class is found: greedy, by a beam, or the likeliest of all paths to digits (class)" },
  filter = { "coarse", "pseudo labels: drop what contradicts the coarse label (coarse), or keep all (none)" },
  steps = { 250, "training steps" },
}

local A = mnist5k { name = "digits", per_class = 30, batch = 64 }
local B = mnist5k { name = "strokes", skip = 30, per_class = 250, test = 0,
                    labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } }

local function base(p)
  local encoder = vision.cnn { channels = { 16, 32 } }
  local optim = adamw { lr = 5e-3, schedule = cosine { warmup = "10%" } }
  local softmax = trunk { encoder, head = head.softmax {} }
  local whole = graph.load "digits"
  local joined = join { graph = whole:trim(p.trim), batch = 64, unpack(p.both and { A, B } or { A }) }
  local teacher = experiment "teacher" { data = A, model = softmax, optim = optim, train = { steps = p.steps } }
  local nll = path.nll { teacher_forcing = p.teacher, pool = p.pool }
  local reinforce = path.reinforce { baseline = p.baseline }
  local decoder = path_decoder { encoder, hidden = 128, embed = 32, normalizer = p.normalizer, end_rule = p.end_rule }
  local data, model, loss = unpack(pick(p.model, {
    paths = { joined, decoder, p.alpha * nll + p.beta * reinforce },
    ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
    softmax = { A, softmax, ce {} },
    pseudo = { pseudo { B, graph = whole, filter = p.filter, teacher = teacher }, softmax, ce {} },
  }))
  return experiment "joining" {
    data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps },
    eval = { metrics = { "top1" }, decode = p.decode },
  }
end

return ablate "joining" {
  seeds = { 1, 2, 3 }, metrics = { "test.top1" }, base = base,
  { "joined, full graph" },
  { "A alone", both = false },
  { "graph -36 %", trim = 0.36 },
  { "graph -63 %", trim = 0.63 },
  { "graph -63 %, beam of 8", trim = 0.63, decode = "beam" },
  { "graph -63 %, likeliest class", trim = 0.63, decode = "class" },
  { "pool: sum", pool = "sum" },
  { "pool: random", pool = "random" },
  { "teacher forcing 1", teacher = 1 },
  { "teacher forcing 0.5", teacher = 0.5 },
  { "teacher forcing 0", teacher = 0 },
  { "no REINFORCE", beta = 0 },
  { "beta 1", beta = 1 },
  { "alpha 0.5", alpha = 0.5 },
  { "baseline: ema", baseline = "ema" },
  { "baseline: batch", baseline = "batch" },
  { "baseline: none", baseline = "none" },
  { "softmax over children", normalizer = "children" },
  { "coarse labels may end paths", end_rule = "gate" },
  { "the same, likeliest class", end_rule = "gate", decode = "class" },
  { "beam of 8", decode = "beam" },
  { "likeliest class", decode = "class" },
  { "Label Set", model = "label set" },
  { "Label Set on A", model = "label set", both = false },
  { "pseudo labels, filtered", model = "pseudo" },
  { "pseudo labels, all", model = "pseudo", filter = "none" },
  { "softmax on A", model = "softmax" },
}
