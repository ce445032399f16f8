local d = mnist5k {}
return experiment "x" { data = d, model = trunk { vision.cnn {}, head = head.lwal { dim = d.size } } }
