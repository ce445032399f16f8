return experiment "x" {
  data  = adamw {},
  model = trunk { vision.cnn {}, head = ce {} },
  loss  = head.softmax {},
}
