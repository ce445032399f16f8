return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw {
    lr = 1e-3,
    lr = 1e-4,
  },
}
