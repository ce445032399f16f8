return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw { lr = function(c) return c.train.epochs / 1000 end },
  train = { epochs = function(c) return c.optim.lr * 10 end },
}
