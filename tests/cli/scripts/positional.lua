return experiment "x" {
  data  = mnist5k { 3 },
  model = trunk { vision.cnn {}, vision.cnn {}, head = head.softmax {} },
  loss  = ce "mean",
  optim = adamw(0.1),
}
