return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw { lr = "fast", weight_decay = {} },
  train = { epochs = 2.5 },
}
