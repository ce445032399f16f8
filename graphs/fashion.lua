-- Clothing by where it is worn, by its sleeves and front, and by how open and how high a shoe is.
--
-- The labels are the ten classes of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017) by the names that data set
-- `fashion_mnist` gives them. What they look like is our own judgement of the pictures, nothing looked up. The
-- sleeves of a shirt may be short or long, and the straps of a sandal may go up the leg: these paths compete
-- (nondeterministic).
return graph "clothing" {
  block "kind" { "top", "full_length", "footwear", "accessory" },

  under "top" {
    block "sleeves" { "short_sleeves", "long_sleeves" },
    block "front" { "closed_front", "open_front" },
  },
  labels "top_class" { under = "top",
    { "t-shirt",     sleeves = "short_sleeves",                      front = "closed_front" },
    { "pullover",    sleeves = "long_sleeves",                       front = "closed_front" },
    { "coat",        sleeves = "long_sleeves",                       front = "open_front" },
    { "shirt",       sleeves = { "short_sleeves", "long_sleeves" },  front = "open_front" },
  },

  under "full_length" { block "outline" { "one_piece", "two_legs" } },
  labels "long_class" { under = "full_length",
    { "dress",   outline = "one_piece" },
    { "trouser", outline = "two_legs" },
  },

  under "footwear" {
    block "upper" { "open_upper", "closed_upper" },
    block "height" { "below_ankle", "above_ankle" },
  },
  labels "footwear_class" { under = "footwear",
    { "sandal",     upper = "open_upper",   height = { "below_ankle", "above_ankle" } },
    { "sneaker",    upper = "closed_upper", height = "below_ankle" },
    { "ankle_boot", upper = "closed_upper", height = "above_ankle" },
  },

  labels "accessory_class" { under = "accessory", "bag" },
}
