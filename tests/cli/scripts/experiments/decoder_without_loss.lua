return experiment "x" {
  data  = join { graph = graph.load "digits", mnist5k { name = "a", per_class = 2 } },
  model = path_decoder { vision.cnn {} },
}
