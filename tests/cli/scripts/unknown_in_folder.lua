return experiment "x" {
  data  = mnist5k {},
  model = trunk { vision.resnet {}, head = head.lwall {} },
}
