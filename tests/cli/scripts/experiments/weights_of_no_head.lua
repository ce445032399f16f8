return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { vision.mlp {}, heads = { one = head.softmax {}, two = head.binary {} } },
  loss  = mixture { main = "one", one = 0.5, tow = 0.5 },
}
