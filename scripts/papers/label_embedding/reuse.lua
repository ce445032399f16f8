-- Label embeddings that are learnt once and reused (Label Embedding Networks 2018, appendix C): a new network learns
-- from H(y, z1') + H(E_y', z1') with an E that stays what it is. The paper shows curves alone (Figure 6): with a given
-- E the error falls faster and ends lower than one-hot on MNIST and CIFAR, so that no row has a number of it.
--
-- Here E is learnt by the same MLP, or by a convolutional network and reused by the MLP: it is a matter of the labels,
-- not of the network. A row with E trains its teacher first, with the same seed. `share` of MNIST's 55,000 training
-- images; 5,000 are for validation. What is learnt can also be kept: head:save_embedding "digits.safetensors", and
-- head.label_embedding { embedding = "digits.safetensors" } elsewhere.

params {
  learn = { "given", "'one-hot', 'label embedding', or 'given': with an E that another network learnt" },
  teacher = { "mlp", "who learns E: 'mlp' or 'cnn'" },
  share = { 0.1, "share of the training images" },
  epochs = { 15, "passes through them" },
}

local seeds = {}
for seed = 1, 5 do seeds[seed] = seed end

return ablate "MNIST, E reused" {
  seeds = seeds, metrics = { "test.error", "test.error_reduction_error", "val.auac_error" },
  { "one-hot", learn = "one-hot" },
  { "label embedding", learn = "label embedding" },
  { "E given, of an MLP" },
  { "E given, of a CNN", teacher = "cnn" },
  base = function(p)
    local data = mnist { fraction = p.share, val = 1 / 12, batch = 100, normalise = false }
    local mlp = vision.mlp { widths = { 500, 500 }, deviation = 0.1 }
    local function network(name, encoder, output)
      return experiment(name) {
        data = data, model = trunk { encoder, head = output }, optim = adam { lr = 1e-3 },
        train = { epochs = p.epochs, checkpoint = "best" },
        eval = { during = { "val" }, metrics = { "top1", "error", error_reduction "error", auac "error" } },
      }
    end
    local cnn = vision.cnn { channels = { 8, 16 }, width = 64 }
    local learner = pick(p.teacher, { mlp = mlp, cnn = cnn })
    local teacher = network("teacher", learner, head.label_embedding { deviation = 0.01 })
    return network("reuse", mlp, pick(p.learn, {
      ["one-hot"] = head.softmax { deviation = 0.01 },
      ["label embedding"] = head.label_embedding { deviation = 0.01 },
      given = head.label_embedding { preset = "paper", embedding = teacher, deviation = 0.01 },
    }))
  end,
}
