local d = mnist5k {}
local K = d.clases
return experiment "x" { data = d, model = trunk { vision.cnn {}, head = head.lwal { dim = 10 * K } } }
