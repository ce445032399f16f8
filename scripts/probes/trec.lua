-- Questions of TREC through MiniLM: a linear layer on sentence vectors that are computed once.
--
--     moonlab run scripts/probes/trec.lua
--
-- 5,452 questions to train on and 500 to test on, of 6 coarse or 50 fine classes. One test question is 0.002.

params { level = { "coarse", "classes: 'coarse' or 'fine'" } }

return ablate "trec" {
  seeds = { 1 }, metrics = { "test.top1" },
  { "6 classes" },
  { "50 classes", level = "fine" },
  base = function(p)
    return experiment "trec" {
      data = trec { level = p.level, batch = 64 },
      model = trunk { text.minilm { freeze = true, max_length = 32 }, head = head.softmax {} },
      loss = ce {},
      optim = adamw { lr = 1e-2, schedule = cosine { warmup = "10%" } },
      train = { epochs = 20, checkpoint = "none" },
      eval = { metrics = { "top1" } },
    }
  end,
}
