-- 102 Flowers and eight classes of 17 Flowers joined in label space (Label-space augmentation for joining datasets,
-- ICML 2021, Table 3: "FlowerFusion").
--
-- 102 Flowers is to be had from its makers only: put its pictures into flowers102/train/NAME/*.jpg (1,020) and
-- flowers102/test/NAME/*.jpg (6,149) in a folder of $MOONLAB_DATA, folders called by the flowers' names ("tiger
-- lily", "colt's foot"). Where it is missing, the script says where it was looked for. graphs/flowers.lua has all
-- names.
--
-- The paper takes 160 pictures of 17 Flowers, 20 of each shared class; which, it does not say: here a seeded choice.
-- Its accuracies stand in the rows (paper: ...). Smaller than the paper: it has EfficientNet-B4, pretrained on
-- ImageNet; here four convolutions learn from nothing on 64 pixels for `steps` steps, because two cores shall do it
-- in minutes.

params {
  learn = { "joined", "what learns: 'softmax' on the 102, 'union' softmax on both, 'label set', or the 'joined' "
    .. "paths" },
  both = { true, "train on 17 Flowers too" },
  beta = { 0.1, "weight of REINFORCE where a flower has several colours" },
  steps = { 600, "training steps" },
}

return ablate "flowers102" {
  seeds = { 1, 2, 3 }, metrics = { "flowers102.test.top1" },
  { "softmax, 102 (paper: 90.91)", learn = "softmax" },
  { "softmax, 102 + 17 (paper: 91.01)", learn = "union" },
  { "Label Set, 102 (paper: 85.28)", learn = "label set", both = false },
  { "label augmentation, 102 (paper: 92.80)", both = false },
  { "label augmentation, 102 + 17 (paper: 93.27)" },
  base = function(p)
    local A = images { name = "flowers102", root = "$DATA/flowers102", split = "official", size = 64, batch = 64,
                       labels = { tiger_lily = "tigerlily", common_dandelion = "dandelion" },
                       augment = { augment.flip {} } }
    local B = flowers17 { size = 64, per_class = 20, augment = { augment.flip {} },
                          only = { "buttercup", "colts_foot", "daffodil", "dandelion", "fritillary", "sunflower",
                                   "tigerlily", "windflower" } }
    local encoder = vision.cnn { channels = { 32, 64, 96, 128 }, width = 256, dropout = 0.2 }
    local joined = join { graph = graph.load "flowers", batch = 64, unpack(p.both and { A, B } or { A }) }
    local softmax = trunk { encoder, head = head.softmax {} }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { A, softmax, ce {} },
      union = { joined, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 },
                 path.nll { teacher_forcing = 0.9 } + p.beta * path.reinforce {} },
    }))
    return experiment "flowers102" {
      data = data, model = model, loss = loss, optim = adamw { lr = 2e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "flowers102.test" },
    }
  end,
}
