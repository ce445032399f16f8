-- 102 Flowers and eight classes of 17 Flowers joined in label space (Label-space augmentation for joining datasets,
-- ICML 2021, Table 3: "FlowerFusion").
--
-- 102 Flowers is to be had from its makers only: put its pictures into flowers102/train/NAME/*.jpg (1,020) and
-- flowers102/test/NAME/*.jpg (6,149) in a folder of $MOONLAB_DATA, folders called by the flowers' names ("tiger
-- lily", "colt's foot"). Where it is missing, the script says where it was looked for. graphs/flowers.lua has all
-- names.
--
-- The paper takes 160 pictures of 17 Flowers, 20 of each shared class; which, it does not say: here a seeded choice.
-- Its accuracies stand beside ours. Smaller than the paper, which trains EfficientNet-B4: EfficientNet-Lite0,
-- pretrained on ImageNet and frozen, at 128 pixels, its features computed once, 1,500 steps of what stands on it. Each
-- step sees 64 pictures of the 102; with 17 Flowers joined the two are mixed as they come (1,020 and 160), 74 a step,
-- so that every row makes equally many steps and sees the 102 equally often.

params {
  learn = { "joined", "what learns: 'softmax' on the 102, 'union' softmax on both, 'label set', or the 'joined' "
    .. "paths" },
  both = { true, "train on 17 Flowers too" },
  beta = { 0.1, "weight of REINFORCE where a flower has several colours" },
  batch = { 64, "pictures of the 102 a step" },
  steps = { 1500, "training steps" },
}

return ablate "flowers102" {
  seeds = { 1, 2, 3 }, metrics = { "flowers102.test.top1" },
  { "softmax, 102", learn = "softmax", paper = 0.9091 },
  { "softmax, 102+17", learn = "union", paper = 0.9101 },
  { "Label Set, 102", learn = "label set", both = false, paper = 0.8528 },
  { "label-aug, 102", both = false, paper = 0.9280 },
  { "label-aug, 102+17", paper = 0.9327 },
  base = function(p)
    local A = images { name = "flowers102", root = "$DATA/flowers102", split = "official", side = 128, batch = p.batch,
                       labels = { tiger_lily = "tigerlily", common_dandelion = "dandelion" } }
    local B = flowers17 { side = 128, per_class = 20,
                          only = { "buttercup", "colts_foot", "daffodil", "dandelion", "fritillary", "sunflower",
                                   "tigerlily", "windflower" } }
    local encoder = vision.efficientnet_lite0 { weights = "imagenet", freeze = true }
    local joined = join { graph = graph.load "flowers", batch = p.both and math.floor(p.batch * 1180 / 1020) or p.batch,
                          unpack(p.both and { A, B } or { A }) }
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
