-- Two sets of handwritten digits joined in label space (Label-space augmentation, ICML 2021).
--
-- A is small and fine: 30 images of each digit with their names. B is large and coarse: 2,500 other images of which only
-- the stroke is known. The label graph (graphs/digits.lua) relates the two, a decoder learns to walk it from the root,
-- and so the images without a name help to tell the names.

params {
  learn = { "paths", "what is learnt of a digit: its 'class', or the 'paths' to it in the label graph" },
  both  = { true, "train on B too" },
  alpha = { 1.0, "weight of the teacher-forced paths" },
  beta  = { 0.1, "weight of REINFORCE where a digit can be drawn in several ways" },
}

local A = mnist5k { name = "digits", per_class = 30, batch = 64 }
local B = mnist5k { name = "strokes", skip = 30, per_class = 250, test = 0,
                    labels = { straight = { 1, 4, 7 }, curved = { 0, 3, 6, 8, 9 }, mixed = { 2, 5 } } }

return ablate "digits" {
  seeds = { 1, 2, 3 }, metrics = { "test.top1" }, show = "join of A and B",
  { "softmax on A", learn = "class", both = false },
  { "label augmentation on A", both = false },
  { "join of A and B" },
  base = function(p)
    local paths, encoder = p.learn == "paths", vision.cnn { channels = { 16, 32, 64 } }
    return experiment "digits" {
      data  = paths and join { graph = graph.load "digits", batch = 64, unpack(p.both and { A, B } or { A }) } or A,
      model = paths and path_decoder { encoder, cell = "gru", hidden = 128, embed = 32 }
                     or trunk { encoder, head = head.softmax {} },
      loss  = paths and p.alpha * path.nll { teacher_forcing = 0.9 } + p.beta * path.reinforce {} or ce {},
      optim = adamw { lr = 5e-3, schedule = cosine { warmup = "10%" } },
      train = { steps = 400 },
      eval  = { metrics = { "top1" }, report = paths and { "paths", "graph" } or {} },
    }
  end,
}
