local p = params { a = 1 }
if p.a != 2 then end
return experiment "x" {
  data  = mnist5k { per_class = 2 },
  model = trunk { vision.mlp { widths = { 8 } }, head = head.softmax {} },
}
