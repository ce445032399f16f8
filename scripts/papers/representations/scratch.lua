-- Multi-task learning of label representations, from scratch on Fashion-MNIST: one-hot labels alone, binary labels
-- alone, dense labels alone, and one-hot with the others on one trunk, under every way to combine their gradients.
--
-- The paper's public text has neither settings nor numbers, so that no row has one of them beside it; what it claims
-- is an order: one-hot with binary labels is at least as accurate as one-hot alone. Decided beforehand and smaller
-- than any paper of today: 5 % of the training images (3,000; 300 a class), two convolutions (16 and 32 channels),
-- 300 steps of 64 images, three seeds, 10,000 test images. Binary words of 256 bits; dense labels of 64 normal
-- numbers. The weights are 0.6 and 0.4, with three heads 0.6, 0.2, 0.2. Every row has the same learning rate, that of
-- one-hot.

params {
  heads = { "both", "'onehot', 'binary', 'dense', 'both' (one-hot and binary) or 'all'" },
  balance = { "two_pass", "how the gradients are combined" },
  relax = { 0.7, "share of a gradient that MetaBalance balances" },
  share = { 0.05, "share of the training images" },
  steps = { 300, "steps of training" },
}

return ablate "label representations" {
  seeds = { 1, 2, 3 }, metrics = { "test.onehot.top1", "test.binary.top1", "test.dense.top1" },
  { "one-hot", heads = "onehot" },
  { "binary", heads = "binary" },
  { "dense", heads = "dense" },
  { "one-hot + binary, sum", balance = "sum" },
  { "one-hot + binary, MetaBalance" },
  { "one-hot + binary, MetaBalance r = 0.3", relax = 0.3 },
  { "one-hot + binary, MetaBalance r = 1", relax = 1 },
  { "one-hot + binary, MetaBalance joint", balance = "joint" },
  { "one-hot + binary, MetaBalance stale", balance = "stale" },
  { "one-hot + binary, PCGrad", balance = "pcgrad" },
  { "one-hot + binary, GradVac", balance = "gradvac" },
  { "one-hot + binary, GradNorm", balance = "gradnorm" },
  { "one-hot + binary, MTAdam", balance = "mtadam" },
  { "one-hot + binary, uncertainty", balance = "uncertainty" },
  { "one-hot + binary, DWA", balance = "dwa" },
  { "one-hot + binary + dense, MetaBalance", heads = "all" },
  base = function(p)
    local onehot, binary, dense = head.softmax {}, head.binary { bits = 256 }, head.dense { dim = 64 }
    local encoder = vision.cnn { channels = { 16, 32 }, width = 128 }
    local balance = pick(p.balance, {
      sum = fixed {}, two_pass = metabalance { relax = p.relax, mode = "two_pass" },
      joint = metabalance { relax = p.relax }, stale = metabalance { relax = p.relax, mode = "stale" },
      pcgrad = pcgrad {}, gradvac = gradvac {}, gradnorm = gradnorm {}, mtadam = mtadam {},
      uncertainty = uncertainty {}, dwa = dwa {},
    })
    local heads, loss = unpack(pick(p.heads, {
      onehot = { { onehot = onehot }, mixture { main = "onehot", onehot = 1 } },
      binary = { { binary = binary }, mixture { main = "binary", binary = 1 } },
      dense = { { dense = dense }, mixture { main = "dense", dense = 1 } },
      both = { { onehot = onehot, binary = binary },
               mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = balance } },
      all = { { onehot = onehot, binary = binary, dense = dense },
              mixture { main = "onehot", onehot = 0.6, binary = 0.2, dense = 0.2, balance = balance } },
    }))
    return experiment "representations" {
      data = fashion_mnist { fraction = p.share, batch = 64 },
      model = trunk { encoder, heads = heads }, loss = loss,
      optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = p.steps, checkpoint = "none", log = { "grad_norm/*", "grad_cosine/*", "task_weight/*" } },
      eval = { metrics = pick(p.heads, {
        onehot = { "onehot.top1" }, binary = { "binary.top1" }, dense = { "dense.top1" },
        both = { "onehot.top1", "binary.top1" }, all = { "onehot.top1", "binary.top1", "dense.top1" },
      }) },
    }
  end,
}
