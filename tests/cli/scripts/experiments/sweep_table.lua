params { lr = 1e-3, head = "softmax" }
return sweep "s" {
  base = function(p)
    return experiment "x" { data = mnist5k { per_class = 2 }, optim = adamw { lr = p.lr },
      model = trunk { vision.mlp {}, head = head.softmax {} } }
  end,
  grid = { lr = { 0.1, 0.2 } },
  report = { tabulate { rows = "hed", cols = "lr", cell = mean_std "test.top1" } },
}
