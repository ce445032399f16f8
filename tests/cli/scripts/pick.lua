local p = params { head = "sofmax" }
return experiment "x" { data = mnist5k {},
  model = trunk { vision.cnn {}, head = pick(p.head, { softmax = head.softmax {}, lwal = head.lwal {} }) } }
