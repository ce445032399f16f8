return experiment "x" {
  data  = mnist5k { fraction = 2 },
  model = trunk { vision.cnn { width = -4 }, head = head.lwal { dim = 0, repel = -1 } },
  train = { early_stop = { "val.top1", patience = 0 } },
}
