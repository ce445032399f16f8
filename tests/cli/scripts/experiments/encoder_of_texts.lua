return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { text.lstm {}, head = head.softmax {} },
}
