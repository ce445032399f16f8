return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { vision.resnet18 { weights = "no-such.safetensors" }, head = head.softmax {} },
}
