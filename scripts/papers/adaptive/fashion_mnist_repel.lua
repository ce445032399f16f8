-- Three rows of fashion_mnist.lua, for a quarter of an hour: do adaptive labels, with and without repulsion, reach what
-- one-hot labels reach in fewer epochs (Learning with Adaptive Labels, Table 1)? Smaller than the paper in the same
-- ways as fashion_mnist.lua says.

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

return ablate "Fashion-MNIST, three rows" {
  seeds = recipe.seeds, metrics = recipe.metrics,
  base = function(p)
    local data = fashion_mnist { fraction = p.share, batch = p.batch, normalise = false }
    return recipe.experiment("adaptive_fashion_mnist", p, data, vision.cnn { channels = { 8, 16 }, width = 64 }, 10)
  end,
  recipe.rows(recipe.fashion_mnist, { "STD", "LwAL10", "LwAL10+rpl" }),
}
