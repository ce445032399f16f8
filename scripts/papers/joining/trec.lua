-- TREC questions: a part with its 50 fine classes, the rest with the 6 coarse ones alone, joined in label space
-- (Label-space augmentation for joining datasets, ICML 2021). The paper has no TREC, so that there is no number of it
-- to stand beside these; its table of texts (Table 2, arXiv) has the same rows, see scripts/papers/joining/arxiv.lua.
--
-- Decided beforehand, and smaller than the paper's: 545 questions keep their fine class, of 4,907 others the coarse
-- one is known, 500 are tested on. An LSTM of one layer, 128 wide in each direction, 300 steps; MiniLM (6 layers, 384
-- wide), frozen, its features computed once, 1,000 steps of what stands on it. Each step sees 64 fine questions; with
-- coarse ones joined it sees 64 of those besides, so that every row makes equally many steps and sees the fine
-- questions equally often (pseudo labels: batches of 128 from both together). 20 questions of the official test part
-- stand in the training part too.

params {
  learn = { "joined", "what learns: 'softmax' on the fine part, 'label set', 'pseudo' labels, or the 'joined' paths" },
  both = { true, "train on the coarse questions too" },
  share = { 0.1, "share of each class's questions whose fine class is known; of the rest the coarse one is" },
  encoder = { "lstm", "'lstm', trained on the fly, or 'minilm', pretrained and frozen" },
  batch = { 64, "fine questions a step, and coarse ones besides" },
}

local lstm, minilm = "LSTM, softmax, fine", "MiniLM, softmax, fine"

return ablate "trec" {
  seeds = { 1, 2, 3 }, metrics = { "fine.test.top1" },
  { lstm, learn = "softmax" },
  { "LSTM, Label Set, fine", learn = "label set", both = false },
  { "LSTM, Label Set, fine+coarse", learn = "label set" },
  { "LSTM, pseudo, fine+coarse", learn = "pseudo" },
  { "LSTM, label-aug, fine", both = false },
  { "LSTM, label-aug, fine+coarse" },
  { minilm, learn = "softmax", encoder = "minilm", against = minilm },
  { "MiniLM, Label Set, fine", learn = "label set", both = false, encoder = "minilm", against = minilm },
  { "MiniLM, Label Set, fine+coarse", learn = "label set", encoder = "minilm", against = minilm },
  { "MiniLM, pseudo, fine+coarse", learn = "pseudo", encoder = "minilm", against = minilm },
  { "MiniLM, label-aug, fine", both = false, encoder = "minilm", against = minilm },
  { "MiniLM, label-aug, fine+coarse", encoder = "minilm", against = minilm },
  base = function(p)
    local frozen = p.encoder == "minilm"
    local fine = trec { name = "fine", fraction = p.share, batch = p.batch }
    local coarse = trec { name = "coarse", level = "coarse", skip = p.share }
    local g = graph.load "trec"
    local encoder = pick(p.encoder, {
      lstm = text.lstm { embed = 100, hidden = 128, layers = 1, max_length = 32, dropout = 0.3 },
      minilm = text.minilm { freeze = true, max_length = 32 },
    })
    local steps = frozen and 1000 or 300
    local optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } }
    local softmax = trunk { encoder, head = head.softmax {} }
    local joined = join { graph = g, mix = "balanced", batch = p.both and 2 * p.batch or p.batch, duplicates = 20,
                          unpack(p.both and { fine, coarse } or { fine }) }
    local teacher = experiment "teacher" { data = fine, model = softmax, optim = optim, train = { steps = steps } }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { fine, softmax, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      pseudo = { pseudo { coarse, graph = g, teacher = teacher, batch = 2 * p.batch }, softmax, ce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 }, path.nll { teacher_forcing = 0.9 } },
    }))
    return experiment "trec" {
      data = data, model = model, loss = loss, optim = optim, train = { steps = steps, checkpoint = "none" },
      eval = { on = "fine.test" },
    }
  end,
}
