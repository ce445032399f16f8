local now = os.time()
local r = math.random()
local f = io.open("x", "w")
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} } }
