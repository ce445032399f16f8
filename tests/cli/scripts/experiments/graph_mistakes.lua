local g = graph "digits" {
  block "loops" { "none", "one", "one" },
  under "non" { block "stroke" { "straight" } },
  labels "digit" { under = "one", { "0", loops = "tow" }, { "1", strokes = "straight" } },
}
return experiment "x" {
  data  = join { graph = g, mnist5k { name = "a", per_class = 2 } },
  model = path_decoder { vision.cnn {} },
  loss  = path.nll {},
}
