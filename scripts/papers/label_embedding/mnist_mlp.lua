-- Label Embedding Networks (2018), Table 6: the MLP 784-500-500-10 on MNIST, one-hot against learnt label embeddings.
-- The paper's rows are means of 20 runs on 55,000 images; its test error is that of the epoch with the best validation
-- error.
--
-- Smaller than the paper: a tenth of the training images (`share`), so that 60 runs take minutes on two cores. As in
-- the paper and its code: batches of 100, Adam as it comes, 15 epochs, 5,000 validation images (here the same number of
-- each digit, there the first ones), weights that begin normal of deviation 0.1, those of the outputs of 0.01.

params {
  learn = { "label embedding", "'one-hot' or 'label embedding'" },
  preset = { "authors", "hard and soft weigh 0.5, the hinge is summed; or 'paper': all weigh 1, all are means" },
  share = { 0.1, "share of the 55,000 training images" },
  epochs = { 15, "passes through them" },
}

local seeds = {}
for seed = 1, 20 do seeds[seed] = seed end

return ablate "MNIST, MLP" {
  seeds = seeds, metrics = { "test.error", "test.error_reduction_error", "val.auac_error" },
  { "one-hot", learn = "one-hot", paper = { ["test.error"] = 0.0193 } },
  { "label embedding, code", paper = { ["test.error"] = 0.0143, ["test.error_reduction_error"] = 0.259 } },
  { "label embedding, text", preset = "paper" },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax { deviation = 0.01 },
      ["label embedding"] = head.label_embedding { preset = p.preset, deviation = 0.01 },
    })
    return experiment "mnist_mlp" {
      data = mnist { fraction = p.share, val = 1 / 12, batch = 100, normalise = false },
      model = trunk { vision.mlp { widths = { 500, 500 }, deviation = 0.1 }, head = output },
      optim = adam { lr = 1e-3 },
      train = { epochs = p.epochs, checkpoint = "best" },
      eval = { during = { "val" }, metrics = { "top1", "error", error_reduction "error", auac "error" } },
    }
  end,
}
