-- Compressed label embeddings (Label Embedding Networks 2018, section 2.2): E_y = ReLU(A_y B) of A [K, h] and B [h, K],
-- here for the 150 intents of CLINC150. The paper compresses where labels are words, 4,000 and 22,439 of them, in
-- sequence models; there are none here, so that no row has a number of it. What it says holds for any task: fewer
-- numbers, and the gain stays.
--
-- A row takes K x K = 22,500 numbers in full, 2 K h compressed: 15,000 for h = 50, 3,000 for h = 10.

params {
  learn = { "full", "'one-hot', 'full', 'compressed' or 'compressed with bias'" },
  size = { 50, "h of the compressed embeddings" },
  start = { 0, "updates before the soft term; the authors wait for 20,000 with texts" },
  epochs = { 8, "passes through the 7,500 questions" },
}

return ablate "CLINC150, LSTM" {
  seeds = { 1, 2, 3 }, metrics = { "test.error", "test.error_reduction_error" },
  { "one-hot", learn = "one-hot" },
  { "full" },
  { "compressed, h = 50", learn = "compressed" },
  { "compressed, h = 10", learn = "compressed", size = 10 },
  { "compressed with bias, h = 50", learn = "compressed with bias" },
  { "compressed, soft term later", learn = "compressed", start = 200 },
  base = function(p)
    local output = pick(p.learn, {
      ["one-hot"] = head.softmax {}, full = head.label_embedding { start = p.start },
      compressed = head.label_embedding { compressed = p.size, start = p.start },
      ["compressed with bias"] = head.label_embedding { compressed = p.size, compressed_bias = true, start = p.start },
    })
    return experiment "clinc150_lstm" {
      data = clinc150 { batch = 64 },
      model = trunk { text.lstm { embed = 64, hidden = 96, layers = 1, dropout = 0.2 }, head = output },
      optim = adam { lr = 2e-3 },
      train = { epochs = p.epochs },
      eval = { metrics = { "error", error_reduction "error" } },
    }
  end,
}
