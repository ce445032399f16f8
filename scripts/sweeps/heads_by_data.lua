-- Six kinds of labels on the same small network, with less and less data: what does a label that learns help where
-- images are few?
--
--   moonlab sweep scripts/sweeps/heads_by_data.lua
--
-- 54 trainings on 300, 1,200 and 3,000 images of Fashion-MNIST. Stopped or killed, the same command goes on.

params {
  head     = { "onehot", "'onehot', 'lwr', 'labelembed', 'lwal', 'lwal10' or 'lwal10_rpl'" },
  fraction = { 0.02, "share of the 60,000 training images" },
  epochs   = { 8, "passes through them" },
  lr       = { 2e-3, "learning rate of Adam" },
}

return sweep "heads by data" {
  grid = { head = { "onehot", "lwr", "labelembed", "lwal", "lwal10", "lwal10_rpl" }, fraction = { 0.005, 0.02, 0.05 },
           seed = { 12, 123, 1234 } },
  derive = function(t) return { epochs = t.fraction < 0.01 and 20 or t.fraction < 0.03 and 8 or 4 } end,
  run = { jobs = 2, timeout = "10m", retry = { crash = 1 } },
  report = {
    tabulate { rows = "head", cols = "fraction", cell = mean_std "test.top1", baseline = "onehot", test = "paired_t" },
    plot.against { "fraction", metric = "test.top1", by = "head", log = "x" },
    plot.grid { "head", "fraction", metric = "test.top1" },
  },
  base = function(p)
    local d = fashion_mnist { fraction = p.fraction, batch = 64 }
    local K = d.classes
    return experiment "heads" {
      data  = d,
      model = trunk { vision.mlp { widths = { 128 } }, head = pick(p.head, {
                onehot = head.softmax {}, lwr = head.lwr { every = 2, temperature = 5 },
                labelembed = head.label_embedding { tau = 2, alpha = 0.9, beta = 0.5 },
                lwal = head.lwal { dim = K }, lwal10 = head.lwal { dim = 10 * K },
                lwal10_rpl = head.lwal { dim = 10 * K, repel = 10 } }) },
      optim = adam { lr = p.lr },
      train = { epochs = p.epochs },
      eval  = { metrics = { "top1" } },
    }
  end,
}
