local p = params { learning_rate = 1e-3, seed = 12 }
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }, optim = adamw { lr = p.learning_rat } }
