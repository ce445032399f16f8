-- Label Embedding Networks (2018), Table 2: a convolutional network on MNIST, one-hot against learnt label embeddings.
-- The paper's rows are means of 20 runs on 55,000 images; its test error is that of the epoch with the best validation
-- error.
--
-- Smaller than the paper, for two cores: `share` of the 55,000 training images, fewer epochs and 5 runs. The network is
-- the paper's: 5x5 convolutions of 32 and 64 channels, each with 2x2 pooling, 1,024 features; batches of 100, Adam as
-- it comes, weights that begin normal of deviation 0.1, those of the outputs of 0.001. 5,000 images are for validation
-- (here the same number of each digit, there the first ones).

params {
  learn = { "label embedding", "'one-hot' or 'label embedding'" },
  preset = { "authors", "hard and soft weigh 0.5, the hinge is summed; or 'paper': all weigh 1, all are means" },
  share = { 0.04, "share of the 55,000 training images" },
  epochs = { 8, "passes through them; the paper makes 15" },
}

return ablate "MNIST, CNN" {
  seeds = { 1, 2, 3, 4, 5 }, metrics = { "test.error", "test.error_reduction_error", "val.auac_error" },
  { "one-hot", learn = "one-hot", paper = { ["test.error"] = 0.0085 } },
  { "label embedding, code", paper = { ["test.error"] = 0.0055, ["test.error_reduction_error"] = 0.353 } },
  { "label embedding, text", preset = "paper" },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax { deviation = 0.001 },
      ["label embedding"] = head.label_embedding { preset = p.preset, deviation = 0.001 },
    })
    return experiment "mnist_cnn" {
      data = mnist { fraction = p.share, val = 1 / 12, batch = 100, normalise = false },
      model = trunk { vision.mnist_cnn {}, head = output },
      optim = adam { lr = 1e-3 },
      train = { epochs = p.epochs, checkpoint = "best" },
      eval = { during = { "val" }, metrics = { "top1", "error", error_reduction "error", auac "error" } },
    }
  end,
}
