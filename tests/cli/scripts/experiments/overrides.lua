-- train.epocs=3 optm=sgd optim.lr=1e-3,1e-4 alhpa=2 ~model.encoder
params { alpha = 1.0 }
return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} },
}
