-- Label Embedding Networks (2018), Table 2: a ResNet-18 on CIFAR-100, one-hot against learnt label embeddings, full and
-- compressed. The paper's rows are means of 20 runs of 100 epochs, at the last epoch; it compresses embeddings for
-- texts alone, so that the last row has no number of it.
--
-- Smaller than the paper, for two cores: stages `width` to 8 width wide (there 128 to 1,024), `epochs` epochs, 3 runs,
-- `share` of the 50,000 training pictures. As in the paper: pictures cropped after padding by 4 and flipped, batches of
-- 128, Adam whose rate falls to a fifth after 40 % and after 80 % of the run.

params {
  learn = { "label embedding", "'one-hot', 'label embedding' or 'compressed'" },
  size = { 10, "h of the compressed embeddings, [100, h] and [h, 100]" },
  width = { 8, "of the first stage; the paper: 128" },
  share = { 0.2, "share of the training pictures" },
  epochs = { 4, "passes through them; the paper makes 100" },
}

return ablate "CIFAR-100, ResNet-18" {
  seeds = { 1, 2, 3 }, metrics = { "test.error", "test.error_reduction_error" }, show = "label embedding",
  { "one-hot", learn = "one-hot", paper = { ["test.error"] = 0.2735 } },
  { "label embedding", paper = { ["test.error"] = 0.2397, ["test.error_reduction_error"] = 0.124 } },
  { "label embedding, compressed", learn = "compressed" },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax {}, ["label embedding"] = head.label_embedding {},
      compressed = head.label_embedding { compressed = p.size },
    })
    return experiment "cifar100_resnet18" {
      data = cifar100 { fraction = p.share, batch = 128, augment = { crop { 4 }, flip {} } },
      model = trunk { vision.resnet18 { width = p.width }, head = output },
      optim = adam { lr = 1e-3, schedule = step { at = { "40%", "80%" }, factor = 0.2 } },
      train = { epochs = p.epochs },
      eval = { metrics = { "error", error_reduction "error" },
               report = p.learn ~= "one-hot" and { "similar_labels" } or {} },
    }
  end,
}
