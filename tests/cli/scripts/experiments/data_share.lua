return experiment "x" {
  data  = mnist5k { val = 1.5 },
  model = trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} },
}
