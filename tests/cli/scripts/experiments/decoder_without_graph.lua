return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = path_decoder { vision.cnn {} },
  loss  = path.nll {},
}
