local settings = nil
local function rate() return settings.lr end
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn {}, head = head.softmax {} }, optim = adamw { lr = rate() } }
