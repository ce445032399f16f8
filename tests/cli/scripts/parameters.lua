local nothing
local p = params { alpha = {}, beta = nothing, gamma = { 1, "a count", "integer > 3" }, 7 }
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} } }
