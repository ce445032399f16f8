-- arXiv abstracts: fine categories, and the same with other abstracts of which only the archive is known
-- (Label-space augmentation for joining datasets, ICML 2021, Table 2).
--
-- The paper's numbers are F1 on 149 categories with 50,000 documents of each kind, several categories a document;
-- they stand behind the rows (paper: ...). Of LSTM, fine + coarse none can be read. Here a document has its primary
-- category alone (the collection has no other), 151 of them, 50 documents a category and as many coarse; with one
-- category a document micro F1 is the accuracy, which is shown beside macro F1. Smaller than the paper because all
-- rows shall train on two cores in minutes: `per_class` documents of each category, 64 words of each, an LSTM of one
-- layer, 128 wide in each direction; MiniLM (6 layers, 384 wide), frozen, in place of a fine-tuned BERT-base. All
-- rows make equally many steps, so that a row with more data sees each sample of the fine part less often.

params {
  learn = { "joined", "what learns: 'softmax' on the fine part, 'label set', or the 'joined' paths" },
  both = { true, "train on the coarse abstracts too" },
  encoder = { "lstm", "'lstm', trained on the fly, or 'minilm', pretrained and frozen" },
  per_class = { 30, "abstracts of each category; coarse ones as many a category" },
  steps = { 500, "training steps" },
}

return ablate "arxiv" {
  seeds = { 1, 2, 3 }, metrics = { "fine.test.top1", "fine.test.f1_macro" },
  { "LSTM, softmax, fine (paper: 69.9)", learn = "softmax" },
  { "LSTM, Label Set, fine", learn = "label set", both = false },
  { "LSTM, Label Set, fine + coarse", learn = "label set" },
  { "LSTM, label augmentation, fine (paper: 72.4)", both = false },
  { "LSTM, label augmentation, fine + coarse" },
  { "MiniLM, softmax, fine (paper, BERT: 75.5)", learn = "softmax", encoder = "minilm" },
  { "MiniLM, Label Set, fine + coarse", learn = "label set", encoder = "minilm" },
  { "MiniLM, label augmentation, fine (paper, BERT: 77.4)", both = false, encoder = "minilm" },
  { "MiniLM, label augmentation, fine + coarse (paper, BERT: 79.3)", encoder = "minilm" },
  base = function(p)
    local fine = arxiv { name = "fine", per_class = p.per_class, batch = 64 }
    local coarse = arxiv { name = "coarse", level = "coarse", fraction = p.per_class / 50 }
    local encoder = pick(p.encoder, {
      lstm = text.lstm { embed = 100, hidden = 128, layers = 1, max_length = 64, dropout = 0.3 },
      minilm = text.minilm { freeze = true, max_length = 64 },
    })
    local joined = join { graph = graph.load "arxiv", batch = 64, unpack(p.both and { fine, coarse } or { fine }) }
    local data, model, loss = unpack(pick(p.learn, {
      softmax = { fine, trunk { encoder, head = head.softmax {} }, ce {} },
      ["label set"] = { joined, trunk { encoder, head = head.label_set {} }, bce {} },
      joined = { joined, path_decoder { encoder, hidden = 256, embed = 64 }, path.nll { teacher_forcing = 0.9 } },
    }))
    return experiment "arxiv" {
      data = data, model = model, loss = loss, optim = adamw { lr = 3e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = p.steps, checkpoint = "none" },
      eval = { on = "fine.test", metrics = { "top1", "f1_macro" } },
    }
  end,
}
