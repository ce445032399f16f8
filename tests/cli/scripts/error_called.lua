local K = 12
if K > 10 then error("at most ten classes") end
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} } }
