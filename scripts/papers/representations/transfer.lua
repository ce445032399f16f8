-- Multi-task learning of label representations on a trunk that was trained before: on the digits of MNIST, then
-- fine-tuned on little of Fashion-MNIST, with one-hot labels alone or with binary ones under MetaBalance; beside it
-- the same from scratch. The paper claims the gain of binary labels for both; its public text has no numbers.
--
-- Decided beforehand: the trunk learns 300 steps on 6,000 digits with one-hot labels (the same seed), then 150 steps
-- on 1 % or 5 % of Fashion-MNIST (600 and 3,000 images); the network of scratch.lua, batches of 64, three seeds,
-- 10,000 test images. Far smaller than a network trained on ImageNet.

params {
  share = { 0.01, "share of the training images of each class" },
  both = { true, "binary labels beside one-hot" },
  pretrained = { true, "start from the trunk that has learnt digits" },
}

local rows = {}
for _, percent in ipairs { 1, 5 } do
  for _, start in ipairs { "scratch", "transfer" } do
    local alone = ("%s, one-hot, %d %%"):format(start, percent)
    local share, pretrained = percent / 100, start == "transfer"
    rows[#rows + 1] = { alone, both = false, share = share, pretrained = pretrained, against = alone }
    rows[#rows + 1] = { ("%s, and binary, %d %%"):format(start, percent), share = share, pretrained = pretrained,
                        against = alone }
  end
end

return ablate "label representations, transfer" {
  seeds = { 1, 2, 3 }, metrics = { "test.onehot.top1" },
  base = function(p)
    local onehot, binary = head.softmax {}, head.binary { bits = 256 }
    local fresh = vision.cnn { channels = { 16, 32 }, width = 128 }
    local optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } }
    local digits = experiment "digits" {
      data = mnist { fraction = 0.1, batch = 64 }, model = trunk { fresh, head = head.softmax {} }, optim = optim,
      train = { steps = 300, checkpoint = "none" },
    }
    return experiment "representations" {
      data = fashion_mnist { fraction = p.share, batch = 64 },
      model = trunk { p.pretrained and vision.pretrained { digits } or fresh,
                      heads = p.both and { onehot = onehot, binary = binary } or { onehot = onehot } },
      loss = p.both
        and mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = metabalance { mode = "two_pass" } }
        or mixture { main = "onehot", onehot = 1 },
      optim = optim,
      train = { steps = 150, checkpoint = "none" },
      eval = { metrics = { "onehot.top1" } },
    }
  end,
  unpack(rows),
}
