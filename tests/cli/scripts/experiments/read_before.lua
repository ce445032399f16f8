-- data.only=0,1
local d = mnist5k { per_class = 2 }
local K = d.classes
return experiment "x" { data = d, model = trunk { vision.mlp { widths = { K } }, head = head.softmax {} } }
