return ablate "rows" {
  base = function(p) return adamw { lr = p.lr } end,
  { "full" },
}
