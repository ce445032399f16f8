local name = "x
return experiment(name) {}
