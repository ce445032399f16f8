return ablate "a" {
  { "one" }, { "one", ["optim.lr"] = 1 },
  base = function(p)
    return experiment "x" { data = mnist5k { per_class = 2 }, model = trunk { vision.mlp {}, head = head.softmax {} } }
  end,
}
