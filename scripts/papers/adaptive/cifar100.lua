-- Learning with Adaptive Labels (2022), Table 1 on CIFAR-100: best test accuracy over the epochs, the mean over the
-- epochs (AUAC), and the share of epochs saved against one-hot labels. The paper's numbers are those of ResNet50.
--
-- Smaller than the paper, for two cores: a convolutional network of three blocks from random weights (there ResNet50
-- with those of ImageNet), `share` of the training images that the data folder has (the paper: all of 50,000), batches
-- of 500 (there 5,000). StaticLabel has random vectors as long as BERT's. As in the paper: 20 epochs, seeds 12, 123 and
-- 1234, Adam, labels that are updated at each step, repulsion times 10 as a mean over all pairs, tau = 5 of LWR, no
-- augmentation.

local recipe = require "recipe"

params {
  learn = { "lwal", "'onehot', 'static', 'lwr', 'label embedding' or 'lwal'" },
  times = { 1, "numbers of a label, times the number of classes" },
  repel = { 0, "factor on the repulsion of different classes" },
  k = { 5, "LWR stores its soft labels in every k-th epoch" },
  form = { "lwal", "of LWR: as the tables have it, or 'lwr', the method's own" },
  share = { 0.4, "share of the training images" },
  batch = { 500, "images of a batch; the paper: 5,000" },
  lr = { 1e-3, "learning rate of Adam; the paper: 1e-4 on trained weights" },
  epochs = { 20, "passes through the images" },
}

return ablate "CIFAR-100" {
  seeds = recipe.seeds, metrics = recipe.metrics,
  base = function(p)
    local data = cifar100 { fraction = p.share, batch = p.batch }
    return recipe.experiment("adaptive_cifar100", p, data, vision.cnn { channels = { 16, 32, 64 }, width = 256 }, 100)
  end,
  recipe.rows {
    STD = { 0.374 }, StaticLabel = { 0.168 },
    ["LWR, k = 2"] = { 0.329 }, ["LWR, k = 3"] = { 0.327 }, ["LWR, k = 5"] = { 0.329 },
    LabelEmbed = { 0.377, 0.1 }, LwAL = { 0.388, 0.7 }, LwAL10 = { 0.393, 0.7 }, ["LwAL10+rpl"] = { 0.399, 0.7 },
  },
}
