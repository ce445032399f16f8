return experiment "x" {
  data  = join { graph = graph.load "digits", mnist5k { per_class = 2 }, mnist5k { per_class = 3 } },
  model = path_decoder { vision.cnn {} },
  loss  = path.nll {},
}
