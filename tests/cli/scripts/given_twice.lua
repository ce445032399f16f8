return experiment "x" {
  data  = mnist5k {},
  model = trunk { vision.cnn {}, encoder = vision.cnn {}, head = head.softmax {} },
}
