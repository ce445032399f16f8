local o = adamw {}
o.lr = 3
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }, optim = o }
