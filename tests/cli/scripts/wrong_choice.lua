return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  loss = ce { reduction = "men" } + path.nll { pool = "first" },
}
