-- Label Embedding Networks (2018), Table 2: a ResNet-18 on CIFAR-100, one-hot against learnt label embeddings, full and
-- compressed. The paper's rows are means of 20 runs of 100 epochs, at the last epoch; it compresses embeddings for
-- texts alone, so that the last row has no number of it.
--
-- Smaller than the paper, for two cores: stages `width` to 8 width wide (there 128 to 1,024), `epochs` epochs, 3 runs,
-- and as many pictures as the data folder has (the paper: 50,000 and 10,000; tile sheets hold 10,000 and 2,000). As in
-- the paper: pictures cropped after padding by 4 and flipped, batches of 128, Adam whose rate falls to a fifth after 40
-- % and 80 % of the run.

params {
  learn = { "label embedding", "'one-hot', 'label embedding' or 'compressed'" },
  size = { 10, "h of the compressed embeddings, [100, h] and [h, 100]" },
  width = { 8, "of the first stage; the paper: 128" },
  epochs = { 6, "passes through the training pictures; the paper makes 100" },
}

return ablate "CIFAR-100, ResNet-18" {
  seeds = { 1, 2, 3 }, metrics = { "test.error" }, show = "label embedding",
  { "one-hot", learn = "one-hot", paper = 0.2735 },
  { "label embedding", paper = 0.2397 },
  { "label embedding, compressed", learn = "compressed" },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax {}, ["label embedding"] = head.label_embedding {},
      compressed = head.label_embedding { compressed = p.size },
    })
    return experiment "cifar100_resnet18" {
      data = cifar100 { batch = 128, augment = { crop { 4 }, flip {} } },
      model = trunk { vision.resnet18 { width = p.width }, head = output },
      optim = adam { lr = 1e-3, schedule = step { at = { "40%", "80%" }, factor = 0.2 } },
      train = { epochs = p.epochs },
      eval = { metrics = { "error" }, report = p.learn ~= "one-hot" and { "similar_labels" } or {} },
    }
  end,
}
