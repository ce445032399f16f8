return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { resnet18 {}, head = softmax {} },
  eval  = { plots = { curve "test.top1" } },
  optim = "adamw",
}
