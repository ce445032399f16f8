return experiment "x" {
  data  = images { root = "$DATA/no-such-folder" },
  model = trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} },
}
