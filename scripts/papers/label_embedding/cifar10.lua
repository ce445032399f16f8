-- Label Embedding Networks (2018), Table 2: a ResNet-8 on CIFAR-10, one-hot against learnt label embeddings. The
-- paper's rows are means of 20 runs of 100 epochs, at the last epoch.
--
-- Smaller than the paper, for two cores: stages `width`, 2 width and 4 width wide (there 128, 256 and 512), `epochs`
-- epochs, 3 runs, `share` of the pictures that the data folder has (the paper: 50,000 and 10,000; tile sheets hold
-- 10,000 and 2,000). As in the paper: pictures cropped after padding by 4 and flipped, batches of 128, Adam as it
-- comes.

params {
  learn = { "label embedding", "'one-hot' or 'label embedding'" },
  preset = { "authors", "hard and soft weigh 0.5, the hinge is summed; or 'paper': all weigh 1, all are means" },
  width = { 16, "of the first stage; the paper: 128" },
  share = { 0.5, "share of the training pictures" },
  epochs = { 6, "passes through them; the paper makes 100" },
}

return ablate "CIFAR-10, ResNet-8" {
  seeds = { 1, 2, 3 }, metrics = { "test.error", "test.error_reduction_error" }, show = "label embedding",
  { "one-hot", learn = "one-hot", paper = { ["test.error"] = 0.0866 } },
  { "label embedding", paper = { ["test.error"] = 0.0697, ["test.error_reduction_error"] = 0.195 } },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax {}, ["label embedding"] = head.label_embedding { preset = p.preset },
    })
    return experiment "cifar10_resnet8" {
      data = cifar10 { fraction = p.share, batch = 128, augment = { crop { 4 }, flip {} } },
      model = trunk { vision.resnet8 { width = p.width }, head = output },
      optim = adam { lr = 1e-3 },
      train = { epochs = p.epochs },
      eval = { metrics = { "error", error_reduction "error" },
               report = p.learn ~= "one-hot" and { "similar_labels" } or {} },
    }
  end,
}
