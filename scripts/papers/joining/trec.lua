-- TREC questions: a part with its 50 fine classes, the rest with the 6 coarse ones alone, joined in label space
-- (Label-space augmentation for joining datasets, ICML 2021). The paper has no TREC; its table of texts (Table 2,
-- arXiv) has the same rows, see scripts/papers/joining/arxiv.lua.
--
-- Smaller than the paper's texts: an LSTM of one layer, 128 wide in each direction, 32 words a question, `steps`
-- steps, because two cores shall train all rows in minutes. `share` of each fine class keeps its name. All rows make
-- equally many steps, so that a row with more data sees each sample of the fine part less often.

params {
  learn = { "joined", "what learns: 'softmax' on the fine part, 'label set', 'pseudo' labels, or the 'joined' paths" },
  both = { true, "train on the coarse questions too" },
  share = { 0.1, "share of each class's questions whose fine class is known; of the rest the coarse one is" },
  encoder = { "lstm", "'lstm', trained on the fly, or 'minilm', pretrained and frozen" },
  steps = { 250, "training steps" },
}

return ablate "trec" {
  seeds = { 1, 2, 3 }, metrics = { "fine.test.top1" },
  { "LSTM, softmax, fine", learn = "softmax" },
  { "LSTM, Label Set, fine", learn = "label set", both = false },
  { "LSTM, Label Set, fine + coarse", learn = "label set" },
  { "LSTM, pseudo labels, fine + coarse", learn = "pseudo" },
  { "LSTM, label augmentation, fine", both = false },
  { "LSTM, label augmentation, fine + coarse" },
  { "MiniLM, softmax, fine", learn = "softmax", encoder = "minilm" },
  { "MiniLM, label augmentation, fine", both = false, encoder = "minilm" },
  { "MiniLM, label augmentation, fine + coarse", encoder = "minilm" },
  base = function(p)
    local fine = trec { name = "fine", fraction = p.share, batch = 64 }
    local coarse = trec { name = "coarse", level = "coarse", skip = p.share }
    local g = graph.load "trec"
    local encoder = pick(p.encoder, {
      lstm = text.lstm { embed = 100, hidden = 128, layers = 1, max_length = 32, dropout = 0.3 },
      minilm = text.minilm { freeze = true, max_length = 32 },
    })
    local optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = g, batch = 64, duplicates = 20, unpack(p.both and { fine, coarse } or { fine }) }
    local teacher = experiment "teacher" { data = fine, model = softmax, optim = optim, train = { steps = p.steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { fine, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { coarse, graph = g, teacher = teacher }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 }, path.nll { teacher_forcing = 0.9 } },
    }))
    return experiment "trec" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "fine.test" },
    }
  end,
}
