return ablate "a" { base = "s.lua" }
