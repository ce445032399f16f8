local g = graph "animals" {}
return experiment "x" {
  data  = join { mnist5k {}, adamw {}, graph = g:trim(1.5) },
  model = trunk { vision.cnn {}, head = head.dense { labels = text.minilm {}:encode { "a", 2 } } },
}
