return sweep "s" { base = "nosuch.lua", grid = { lr = { 1 } } }
