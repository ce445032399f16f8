return experiment "x" {
  data: mnist5k {},
  model: trunk { vision.cnn {}, head = head.softmax {} },
}
