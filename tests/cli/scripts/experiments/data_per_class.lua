return experiment "x" {
  data  = mnist5k { per_class = 4000 },
  model = trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} },
}
