params { lr = 1e-3, head = "softmax" }
return sweep "s" {
  base = function(p)
    return experiment "x" { data = mnist5k { per_class = 2 }, optim = adamw { lr = p.lr },
      model = trunk { vision.mlp {}, head = head.softmax {} } }
  end,
  space = { lr = loguniform(1e-1, 1e-4) },
  search = random { n = 4 },
}
