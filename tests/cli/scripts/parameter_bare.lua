params { width = 3 }
return experiment "x" { data = mnist5k {}, model = trunk { vision.cnn { width = width }, head = head.softmax {} } }
