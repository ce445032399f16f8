-- Learning with Adaptive Labels (2022), Table 1 on CIFAR-10: best test accuracy over the epochs, the mean over the
-- epochs (AUAC), and the share of epochs saved against one-hot labels. The paper's numbers are those of ResNet50.
--
-- Smaller than the paper, for two cores: a convolutional network of three blocks from random weights (there ResNet50
-- with those of ImageNet), `share` of the training images that the data folder has (the paper: 50,000; tile sheets hold
-- 10,000), batches of 128 (there 500). StaticLabel has random vectors as long as BERT's. As in the paper: 10 epochs,
-- seeds 12, 123 and 1234, Adam, labels that are updated at each step, repulsion times 10 as a mean over all pairs,
-- tau = 5 of LWR, no augmentation.

local recipe = require "recipe"

params {
  learn = { "lwal", "'onehot', 'static', 'lwr', 'label embedding' or 'lwal'" },
  times = { 1, "numbers of a label, times the number of classes" },
  repel = { 0, "factor on the repulsion of different classes" },
  k = { 5, "LWR stores its soft labels in every k-th epoch" },
  form = { "lwal", "of LWR: as the tables have it, or 'lwr', the method's own" },
  share = { 1, "share of the training images" },
  batch = { 128, "images of a batch; the paper: 500" },
  lr = { 1e-3, "learning rate of Adam; the paper: 1e-4 on trained weights" },
  epochs = { 10, "passes through the images" },
}

return ablate "CIFAR-10" {
  seeds = recipe.seeds, metrics = recipe.metrics,
  base = function(p)
    local data = cifar10 { fraction = p.share, batch = p.batch }
    return recipe.experiment("adaptive_cifar10", p, data, vision.cnn { channels = { 16, 32, 64 }, width = 128 }, 10)
  end,
  recipe.rows {
    STD = { 0.733 }, StaticLabel = { 0.740 },
    ["LWR, k = 2"] = { 0.678 }, ["LWR, k = 3"] = { 0.693 }, ["LWR, k = 5"] = { 0.699 },
    LabelEmbed = { 0.722 }, LwAL = { 0.728 }, LwAL10 = { 0.743, 0.3 }, ["LwAL10+rpl"] = { 0.760, 0.6 },
  },
}
