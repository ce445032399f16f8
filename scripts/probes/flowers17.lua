-- EfficientNet-Lite0 with its ImageNet weights on 17 Flowers: a linear layer on its features, which are computed once, and
-- the last stages trained on with it.
--
--     moonlab run scripts/probes/flowers17.lua
--
-- 1,190 photographs to train on and 170 to test on, 128 x 128. One test photograph is 0.006.

params {
  train = { "nothing", "what is trained besides the layer: 'nothing', or the 'stages' from the seventh on" },
}

return ablate "flowers17" {
  seeds = { 1 }, metrics = { "test.top1" },
  { "linear probe" },
  { "fine-tuned", train = "stages" },
  base = function(p)
    local frozen = p.train == "nothing"
    return experiment "flowers17" {
      data = flowers17 { side = 128, batch = 32, augment = frozen and {} or { augment.flip {} } },
      model = trunk { vision.efficientnet_lite0 { weights = "imagenet", freeze = frozen and true or 6 },
                      head = head.softmax {} },
      loss = ce { label_smoothing = 0.1 },
      optim = adamw { lr = frozen and 5e-3 or 5e-4, schedule = cosine { warmup = "10%" } },
      train = { epochs = frozen and 20 or 4, checkpoint = "none" },
      eval = { metrics = { "top1" } },
    }
  end,
}
