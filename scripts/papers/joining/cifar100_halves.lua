-- One half of CIFAR-100 with its 100 classes, the other half with the 20 superclasses alone, joined in label space
-- (Label-space augmentation for joining datasets, ICML 2021). The paper has no CIFAR, so that there is no number of
-- it to stand beside these; its Table 3 orders the same rows, on pets and flowers, thus: joined > label augmentation
-- on the fine part > softmax > Label Set, and pseudo labels < softmax.
--
-- Decided beforehand, and smaller than the paper: its encoder is EfficientNet-B4, pretrained on ImageNet; here a
-- network of three convolutions learns from nothing, on 32 pixels, for 400 steps. 100 images of each class are fine,
-- as many again coarse, 10,000 are tested on. Each step sees 64 fine images; with coarse ones joined it sees 64 of
-- those besides, so that every row makes equally many steps and sees the fine images equally often (pseudo labels:
-- batches of 128 from both together).

params {
  learn = { "joined", "what learns: 'softmax' on the fine half, 'label set', 'pseudo' labels, or the 'joined' paths" },
  both = { true, "train on the coarse half too" },
  share = { 0.2, "share of each class's images that is fine; as many are coarse" },
  batch = { 64, "fine images a step, and coarse ones besides" },
  steps = { 400, "training steps" },
  beta = { 0.1, "weight of REINFORCE; without competing attributes in the graph it never acts" },
}

return ablate "cifar100 halves" {
  seeds = { 1, 2, 3 }, metrics = { "fine.test.top1" },
  { "softmax, fine half", learn = "softmax" },
  { "Label Set, fine half", learn = "label set", both = false },
  { "Label Set, both halves", learn = "label set" },
  { "pseudo labels, both halves", learn = "pseudo" },
  { "label-aug, fine half", both = false },
  { "label-aug, both halves" },
  base = function(p)
    local fine = cifar100 { name = "fine", fraction = p.share, batch = p.batch }
    local coarse = cifar100 { name = "coarse", level = "coarse", fraction = p.share / (1 - p.share), skip = p.share }
    local g = graph.load "cifar":subgraph { labels = fine.class_names }
    local encoder = vision.cnn { channels = { 16, 32, 64 }, width = 128 }
    local optim = adamw { lr = 2e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = g, mix = "balanced", batch = p.both and 2 * p.batch or p.batch, duplicates = 60,
                          unpack(p.both and { fine, coarse } or { fine }) }
    local teacher = experiment "teacher" { data = fine, model = softmax, optim = optim, train = { steps = p.steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { fine, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { coarse, graph = g, teacher = teacher, batch = 2 * p.batch }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 },
                 path.nll { teacher_forcing = 0.9 } + p.beta * path.reinforce {} },
    }))
    return experiment "cifar100" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "fine.test" },
    }
  end,
}
