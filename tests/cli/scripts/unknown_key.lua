local p = params { lr = { 1e-3, "step size" } }
return experiment "x" {
  data  = mnist5k {},
  model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw { lr = p.lr, weight_decy = 0.1 },
}
