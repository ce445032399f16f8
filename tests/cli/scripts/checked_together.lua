return experiment "x" {
  data  = mnist5k {},
  model = trunk { vision.cnn {} },
  loss  = mixture { main = "onehot", onehot = 0.6, binary = 0.3 },
}
