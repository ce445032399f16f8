local function rate() end
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamw { lr = rate(), weight_decay = nil },
}
