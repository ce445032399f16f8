-- Pets and Dogs vs. Cats joined in label space (Label-space augmentation for joining datasets, ICML 2021, Table 3).
--
-- Both sets are to be had from their makers only: put Oxford-IIIT Pets into oxford-pets/train/BREED/*.jpg and
-- oxford-pets/test/BREED/*.jpg (3,680 and 3,669 pictures, its trainval and test lists), and Dogs vs. Cats into
-- dogs-vs-cats/cat/*.jpg and dogs-vs-cats/dog/*.jpg (25,000), in a folder of $MOONLAB_DATA. Where one is missing,
-- the script says where it was looked for.
--
-- The paper's accuracies stand beside ours, those of graph size and pooling by adding the differences of its Table 4.
-- Smaller than the paper, which trains EfficientNet-B4: EfficientNet-Lite0, pretrained on ImageNet and frozen, at 128
-- pixels, its features computed once, 1,500 steps of what stands on it. Each step sees 64 pictures with a breed; with
-- cats and dogs joined it sees 64 of those besides, so that every row makes equally many steps and sees the breeds
-- equally often (pseudo labels: batches of 128 from both together).

params {
  learn = { "joined", "what learns: 'softmax' on the breeds, 'label set', 'pseudo' labels, or the 'joined' paths" },
  both = { true, "train on Dogs vs. Cats too" },
  trim = { 0.0, "share of the added nodes dropped from the graph" },
  pool = { "mean", "how a label's paths are pooled: mean, sum or random" },
  beta = { 0.5, "weight of REINFORCE where a cat has several colours" },
  batch = { 64, "pictures with a breed a step, and cats and dogs besides" },
  steps = { 1500, "training steps" },
}

return ablate "pets" {
  seeds = { 1, 2, 3 }, metrics = { "oxford-pets.test.top1" },
  { "softmax, breeds", learn = "softmax", paper = 0.9384 },
  { "Label Set, breeds", learn = "label set", both = false, paper = 0.9258 },
  { "pseudo, joined", learn = "pseudo", paper = 0.9150 },
  { "label-aug, breeds", both = false, paper = 0.9466 },
  { "label-aug, joined", paper = 0.9495 },
  { "breeds, graph -36 %", both = false, trim = 0.36, paper = 0.9452 },
  { "breeds, graph -63 %", both = false, trim = 0.63, paper = 0.9447 },
  { "joined, graph -63 %", trim = 0.63, paper = 0.9485 },
  { "breeds, pool: sum", both = false, pool = "sum", paper = 0.9395 },
  { "breeds, pool: random", both = false, pool = "random", paper = 0.9430 },
  base = function(p)
    local breeds = images { name = "oxford-pets", root = "$DATA/oxford-pets", split = "official", side = 128,
                            batch = p.batch }
    local species = images { name = "dogs-vs-cats", root = "$DATA/dogs-vs-cats", split = "none", side = 128 }
    local whole = graph.load "pets"
    local encoder = vision.efficientnet_lite0 { weights = "imagenet", freeze = true }
    local optim = adamw { lr = 2e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = whole:trim(p.trim), mix = "balanced", batch = p.both and 2 * p.batch or p.batch,
                          unpack(p.both and { breeds, species } or { breeds }) }
    local teacher = experiment "teacher" { data = breeds, model = softmax, optim = optim, train = { steps = p.steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { breeds, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { species, graph = whole, teacher = teacher, batch = 2 * p.batch }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 },
                 path.nll { teacher_forcing = 0.9, pool = p.pool } + p.beta * path.reinforce {} },
    }))
    return experiment "pets" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "oxford-pets.test" },
    }
  end,
}
