-- Learning with Adaptive Labels (2022), Table 1 on Fashion-MNIST as the paper begins it: with a network that knows
-- ImageNet, fine-tuned whole.
--
-- Smaller than the paper, for two cores: EfficientNet-Lite0 (there ResNet50) on images of 28 x 28 (there twice the
-- size), `share` of the training images in batches of 50: 58 updates an epoch (there 120, of 500 images), judged after
-- each epoch on 1,200 training images that are held out (there on all 10,000 test images). As in the paper: 10 epochs,
-- seeds 12, 123 and 1234, Adam with 1e-4, labels that are updated at each step, repulsion times 10 as a mean over all
-- pairs.

local recipe = require "recipe"

params {
  learn = { "lwal", "'onehot', 'static', 'lwr', 'label embedding' or 'lwal'" },
  times = { 1, "numbers of a label, times the number of classes" },
  repel = { 0, "factor on the repulsion of different classes" },
  k = { 5, "LWR stores its soft labels in every k-th epoch" },
  form = { "lwal", "of LWR: as the tables have it, or 'lwr', the method's own" },
  share = { 0.05, "share of the training images" },
  batch = { 50, "images of a batch; the paper: 500" },
  lr = { 1e-4, "learning rate of Adam" },
  epochs = { 10, "passes through the images" },
}

-- A grey picture as a network of photographs takes it: the same channel three times.
local as_photograph = function(image) return (image - 0.449):div(0.226):expand(3, -1, -1) end

return ablate "Fashion-MNIST, trained network" {
  seeds = recipe.seeds, metrics = { "val.best_top1", "val.auac_top1", "val.epochs_saved_top1" },
  base = function(p)
    local data = fashion_mnist { fraction = p.share, batch = p.batch, val = 0.02, normalise = false,
                                 transform = as_photograph }
    return recipe.experiment("adaptive_fashion_mnist_pretrained", p, data,
      vision.efficientnet_lite0 { weights = "imagenet" }, 10, "val")
  end,
  recipe.rows({}, { "STD", "LwAL10", "LwAL10+rpl" }),
}
