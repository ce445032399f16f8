-- 17 Flowers, and the same joined with five flowers of Flickr (Label-space augmentation for joining datasets, ICML
-- 2021, Table 3). Four of the five are among the 17, the rose is not; graphs/flowers.lua relates them by colour,
-- shape and inflorescence, whose colours compete where a flower has several.
--
-- The paper's numbers, in the rows (paper: ...), are for 102 Flowers, and joined with eight shared classes of 17
-- Flowers, with EfficientNet-B4 pretrained on ImageNet; that join is scripts/papers/joining/flowers102.lua. Here a
-- network of four convolutions learns from nothing, on 40 pixels, `steps` steps, because two cores shall train all
-- rows in minutes. `per_class` of the 70 images a class of 17 Flowers are trained on, all 160 of the five. The union
-- softmax has the five's images of the shared classes under one label, as the paper's "FlowerFusion" has. All rows
-- make equally many steps, so that a row with more data sees each sample of the fine part less often.

params {
  learn = { "joined", "what learns: 'softmax' on the 17, 'union' softmax on both, 'label set', 'pseudo' labels for the "
    .. "five, or the 'joined' paths" },
  both = { true, "train on the five too" },
  per_class = { 70, "training images of each of the 17" },
  steps = { 250, "training steps" },
  beta = { 0.1, "weight of REINFORCE where a flower has several colours" },
}

return ablate "flowers" {
  seeds = { 1, 2, 3 }, metrics = { "flowers17.test.top1" },
  { "softmax, 17 (paper: 90.91)", learn = "softmax" },
  { "softmax, 17 + 5 (paper: 91.01)", learn = "union" },
  { "Label Set, 17 (paper: 85.28)", learn = "label set", both = false },
  { "Label Set, 17 + 5", learn = "label set" },
  { "pseudo labels, 17 + 5", learn = "pseudo" },
  { "label augmentation, 17 (paper: 92.80)", both = false },
  { "joined, 17 + 5 (paper: 93.27)" },
  base = function(p)
    local A = flowers17 { size = 40, per_class = p.per_class, batch = 32, augment = { augment.flip {} } }
    local B = flowers5 { size = 40, test = 0, augment = { augment.flip {} } }
    local shared = flowers5 { size = 40, test = 0, only = { "daisy", "dandelion", "sunflower", "tulip" } }
    local labels = { unpack(A.class_names) }
    labels[#labels + 1] = "rose"
    local g = graph.load "flowers":subgraph { labels = labels }
    local encoder = vision.cnn { channels = { 16, 32, 64, 64 }, width = 128, dropout = 0.2 }
    local optim = adamw { lr = 2e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = g, batch = 32, unpack(p.both and { A, B } or { A }) }
    local teacher = experiment "teacher" { data = A, model = softmax, optim = optim, train = { steps = p.steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { A, softmax, ce {} },
      union = { joined, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { shared, teacher = teacher, graph = g, filter = "coarse" }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 },
                 path.nll { teacher_forcing = 0.9 } + p.beta * path.reinforce {} },
    }))
    return experiment "flowers" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "flowers17.test" },
    }
  end,
}
