return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw { lr = function(c) return c.train.epoch end, weight_decay = function(c) return -c.train.epochs end },
  train = { clip = function(c) return c.data.nothing + 1 end, epochs = function(c) return nil end },
}
