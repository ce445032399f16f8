local co = coroutine.create(function() end)
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} },
  loss = ce {} + 0.1 * term(function(out) return co and out end),
}
