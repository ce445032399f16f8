local p = params { alpha = { 1.0, "weight" } }
return ablate "rows" {
  base = function(p) return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }, loss = p.alpha * ce {} } end,
  { "full" },
  { "typo", alhpa = 0 },
  { "type", alpha = "much" },
  { "path", ["optim.lrr"] = 3 },
  { alpha = 0 },
  { "table", alpha = { 1 } },
}
