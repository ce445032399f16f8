-- Six kinds of labels on the same network, with less and less data: does what a label learns about its neighbours help most
-- where images are few? (Learning with Adaptive Labels, 2022, figure 4, on a network for two cores.)
--
--   moonlab sweep scripts/sweeps/heads_by_data.lua
--
-- 54 trainings on 1, 3 and 10 % of Fashion-MNIST; each sees about the same number of batches.

params {
  head     = { "onehot", "'onehot', 'lwr', 'labelembed', 'lwal', 'lwal10' or 'lwal10_rpl'" },
  fraction = { 0.03, "share of the 60,000 training images" },
  epochs   = { 6, "passes through them" },
  lr       = { 2e-3, "learning rate of Adam" },
}

return sweep "heads by data" {
  grid = { head = { "onehot", "lwr", "labelembed", "lwal", "lwal10", "lwal10_rpl" }, fraction = { 0.01, 0.03, 0.1 },
           seed = { 12, 123, 1234 } },
  derive = function(t) return { epochs = t.fraction < 0.02 and 20 or t.fraction < 0.05 and 10 or 5 } end,
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
      model = trunk { vision.cnn { channels = { 8, 16 }, width = 64 }, head = pick(p.head, {
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
