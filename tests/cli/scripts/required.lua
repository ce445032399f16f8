return experiment "x" {
  model = trunk { head = head.dense {} },
  train = { early_stop = { patience = 3 } },
}
