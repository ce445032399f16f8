return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { vision.mlp {}, head = head.static { preset = "paper", vector = "normal" } },
}
