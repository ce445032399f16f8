-- Titles and abstracts of arXiv through MiniLM: a linear layer on sentence vectors that are computed once, for the 151
-- categories.
--
--     moonlab run scripts/probes/arxiv.lua
--
-- 50 texts a category to train on, 30 to test on, the first 64 tokens of each. Texts of cs.LG, cs.CV, hep-* and astro-ph.*
-- came into the collection through cross-posts alone.

return experiment "arxiv" {
  data = arxiv { batch = 64 },
  model = trunk { text.minilm { freeze = true, max_length = 64 }, head = head.softmax {} },
  loss = ce {},
  optim = adamw { lr = 1e-2, schedule = cosine { warmup = "10%" } },
  train = { epochs = 20, checkpoint = "none" },
  eval = { metrics = { "top1" } },
}
