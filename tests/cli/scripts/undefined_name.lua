local fraction = 0.5
return experiment "x" {
  data  = mnist5k { fraction = fractoin },
  model = trunk { vision.cnn {}, head = head.softmax {} },
  optim = adamv { lr = 3 },
}
