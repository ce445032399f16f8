return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  train = { epocs = 3, early_stop = { "val.top1", patence = 2 } },
}
