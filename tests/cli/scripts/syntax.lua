return experiment "x" {
  data  = mnist5k { fraction = 0.5
  model = trunk { vision.cnn {}, head = head.softmax {} },
}
