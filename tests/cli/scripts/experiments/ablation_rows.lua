params { alpha = 1 }
return ablate "a" {
  { "one" }, { "two", alhpa = 2 }, { "three", ["optim.lrr"] = 1 }, { "four", ["train.epochs"] = 0 },
  base = function(p)
    return experiment "x" { data = mnist5k { per_class = 2 }, model = trunk { vision.mlp {}, head = head.softmax {} } }
  end,
}
