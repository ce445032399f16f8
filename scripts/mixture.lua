-- One-hot and binary labels on one trunk (Multi-task learning of label representations), balanced by MetaBalance.
--
-- Every class is also a random word of 256 bits. A second head learns the word while the first learns the class, so the
-- trunk sees each class in 257 ways. With 10, 30 and 100 images of each digit: does the first head get better?

local p = params {
  per_class = { 30, "training images of each digit" },
  bits      = { 256, "length of a binary label" },
  tasks     = { "both", "'onehot' alone, or 'both'" },
  balance   = { "metabalance", "how the two gradients meet in the trunk: metabalance or sum" },
}

local rows = {}
for _, n in ipairs { 10, 30, 100 } do
  local alone = ("one-hot, %d images a class"):format(n)
  rows[#rows + 1] = { alone, per_class = n, tasks = "onehot", against = alone }
  rows[#rows + 1] = { ("  and binary, %d"):format(n), per_class = n, balance = "sum", against = alone }
  rows[#rows + 1] = { ("  and binary, %d, MetaBalance"):format(n), per_class = n, against = alone }
end

return ablate "label mixture" {
  seeds = { 1, 2, 3 }, metrics = { "test.onehot.top1" },
  base = function(p)
    local both = p.tasks == "both"
    local balance = pick(p.balance, { metabalance = metabalance { relax = 0.7, mode = "two_pass" }, sum = fixed {} })
    local heads = { onehot = head.softmax {}, binary = head.binary { bits = p.bits } }
    return experiment "mixture" {
      data  = mnist5k { per_class = p.per_class, batch = 64 },
      model = trunk { vision.cnn { channels = { 16, 32, 64 } }, heads = both and heads or { onehot = head.softmax {} } },
      loss  = both and mixture { main = "onehot", onehot = 0.6, binary = 0.4, balance = balance }
                    or mixture { main = "onehot", onehot = 1 },
      optim = adamw { lr = 5e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = 400 },
      eval  = { metrics = { "onehot.top1" } },
    }
  end,
  unpack(rows),
}
