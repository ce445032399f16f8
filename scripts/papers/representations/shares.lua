-- Multi-task learning of label representations with little data: one-hot labels alone, and with binary labels under
-- MetaBalance, on 1 to 100 % of Fashion-MNIST. The paper claims that the gain is larger where data are few and where
-- the problem is harder; its public text has no numbers.
--
-- Decided beforehand: the network of scratch.lua, 300 steps of 64 images whatever the share (the whole set is then
-- seen a third of once, 1 % thirty times), three seeds, 10,000 test images.

params {
  share = { 0.01, "share of the training images of each class" },
  both = { true, "binary labels beside one-hot" },
}

local rows = {}
for _, percent in ipairs { 1, 5, 10, 25, 100 } do
  local alone = ("one-hot, %d %%"):format(percent)
  rows[#rows + 1] = { alone, share = percent / 100, both = false, against = alone }
  rows[#rows + 1] = { ("  and binary, %d %%"):format(percent), share = percent / 100, against = alone }
end

return ablate "label representations by share of data" {
  seeds = { 1, 2, 3 }, metrics = { "test.onehot.top1" },
  base = function(p)
    local onehot, binary = head.softmax {}, head.binary { bits = 256 }
    return experiment "representations" {
      data = fashion_mnist { fraction = p.share, batch = 64 },
      model = trunk { vision.cnn { channels = { 16, 32 }, width = 128 },
                      heads = p.both and { onehot = onehot, binary = binary } or { onehot = onehot } },
      loss = p.both
        and mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = metabalance { mode = "two_pass" } }
        or mixture { main = "onehot", onehot = 1 },
      optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = 300, checkpoint = "none" },
      eval = { metrics = { "onehot.top1" } },
    }
  end,
  unpack(rows),
}
