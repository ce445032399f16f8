local lr
return experiment "x" {
  data  = mnist5k { fraction = 0 },
  model = trunk { vision.cnn { widht = 3 }, head = head.sofmax {} },
  loss  = cee {} + 0.5 * mse {},
  optim = adamw { lr = lr },
  train = { epochs = "ten" },
}
