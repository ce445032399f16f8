-- Learning with Adaptive Labels (2022), Table 1 on MNIST: best test accuracy over the epochs, the mean over the epochs
-- (AUAC), and the share of epochs saved against one-hot labels. The paper's numbers are those of ResNet50; it has no
-- StaticLabel there.
--
-- Smaller than the paper, for two cores: a convolutional network of two small blocks from random weights (there
-- ResNet50 with those of ImageNet, on images of twice the size), `share` of the 60,000 training images, and batches of
-- 128 (there 500). As in the paper: 10 epochs, seeds 12, 123 and 1234, Adam, labels that are updated at each step,
-- repulsion times 10 as a mean over all pairs, tau = 5 of LWR.

local recipe = require "recipe"

params {
  learn = { "lwal", "'onehot', 'static', 'lwr', 'label embedding' or 'lwal'" },
  times = { 1, "numbers of a label, times the number of classes" },
  repel = { 0, "factor on the repulsion of different classes" },
  k = { 5, "LWR stores its soft labels in every k-th epoch" },
  form = { "lwal", "of LWR: as the tables have it, or 'lwr', the method's own" },
  share = { 0.2, "share of the training images" },
  batch = { 128, "images of a batch; the paper: 500" },
  lr = { 1e-3, "learning rate of Adam; the paper: 1e-4 on trained weights" },
  epochs = { 10, "passes through the images" },
}

return ablate "MNIST" {
  seeds = recipe.seeds, metrics = recipe.metrics,
  base = function(p)
    local data = mnist { fraction = p.share, batch = p.batch, normalise = false }
    return recipe.experiment("adaptive_mnist", p, data, vision.cnn { channels = { 8, 16 }, width = 64 }, 10)
  end,
  recipe.rows {
    STD = { 0.991 }, ["LWR, k = 2"] = { 0.992 }, ["LWR, k = 3"] = { 0.991, 0.5 }, ["LWR, k = 5"] = { 0.992, 0.1 },
    LabelEmbed = { 0.992, 0.5 }, LwAL = { 0.992, 0.6 }, LwAL10 = { 0.993, 0.6 }, ["LwAL10+rpl"] = { 0.993, 0.5 },
  },
}
