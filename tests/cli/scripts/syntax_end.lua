return experiment "x" {
  data = mnist5k {},
