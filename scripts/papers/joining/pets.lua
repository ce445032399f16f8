-- Pets and Dogs vs. Cats joined in label space (Label-space augmentation for joining datasets, ICML 2021, Table 3).
--
-- Both sets are to be had from their makers only: put Oxford-IIIT Pets into oxford-pets/train/BREED/*.jpg and
-- oxford-pets/test/BREED/*.jpg (3,680 and 3,669 pictures, its trainval and test lists), and Dogs vs. Cats into
-- dogs-vs-cats/cat/*.jpg and dogs-vs-cats/dog/*.jpg (25,000), in a folder of $MOONLAB_DATA. Where one is missing,
-- the script says where it was looked for.
--
-- The paper's accuracies stand in the rows (paper: ...), of graph size and pooling by adding the differences of its
-- Table 4. Smaller than the paper: it has EfficientNet-B4, pretrained on ImageNet; here four convolutions learn from
-- nothing on 64 pixels for `steps` steps, because two cores shall do it in minutes. Rows are to be compared with
-- each other, not with the paper's.

params {
  learn = { "joined", "what learns: 'softmax' on the breeds, 'label set', 'pseudo' labels, or the 'joined' paths" },
  both = { true, "train on Dogs vs. Cats too" },
  trim = { 0.0, "share of the added nodes dropped from the graph" },
  pool = { "mean", "how a label's paths are pooled: mean, sum or random" },
  beta = { 0.5, "weight of REINFORCE where a cat has several colours" },
  steps = { 600, "training steps" },
}

return ablate "pets" {
  seeds = { 1, 2, 3 }, metrics = { "oxford-pets.test.top1" },
  { "softmax, breeds (paper: 93.84)", learn = "softmax" },
  { "Label Set, breeds (paper: 92.58)", learn = "label set", both = false },
  { "pseudo labels, joined (paper: 91.50)", learn = "pseudo" },
  { "label augmentation, breeds (paper: 94.66)", both = false },
  { "label augmentation, joined (paper: 94.95)" },
  { "breeds, graph -36 % (paper: 94.52)", both = false, trim = 0.36 },
  { "breeds, graph -63 % (paper: 94.47)", both = false, trim = 0.63 },
  { "joined, graph -63 % (paper: 94.85)", trim = 0.63 },
  { "breeds, pool: sum (paper: 93.95)", both = false, pool = "sum" },
  { "breeds, pool: random (paper: 94.30)", both = false, pool = "random" },
  base = function(p)
    local breeds = images { name = "oxford-pets", root = "$DATA/oxford-pets", split = "official", size = 64, batch = 64,
                            augment = { augment.flip {} } }
    local species = images { name = "dogs-vs-cats", root = "$DATA/dogs-vs-cats", split = "none", size = 64,
                             augment = { augment.flip {} } }
    local whole = graph.load "pets"
    local encoder = vision.cnn { channels = { 32, 64, 96, 128 }, width = 256, dropout = 0.2 }
    local optim = adamw { lr = 2e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = whole:trim(p.trim), batch = 64, unpack(p.both and { breeds, species } or { breeds }) }
    local teacher = experiment "teacher" { data = breeds, model = softmax, optim = optim, train = { steps = p.steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { breeds, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { species, graph = whole, teacher = teacher }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 },
                 path.nll { teacher_forcing = 0.9, pool = p.pool } + p.beta * path.reinforce {} },
    }))
    return experiment "pets" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "oxford-pets.test" },
    }
  end,
}
