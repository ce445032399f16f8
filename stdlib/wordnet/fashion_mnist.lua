-- Eight of the ten classes of Fashion-MNIST: t-shirt and ankle boot are left out, as in the paper on adaptive labels (LwAL).
-- Distances in WordNet 3.0 (Copyright 2006 by Princeton University; its licence is in LICENSE.txt beside this file):
-- edges of the shortest path between two synsets over a common hypernym.
return {
  classes = {
    "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
  },
  synsets = {
    "trouser.n.01", "pullover.n.01", "dress.n.01", "coat.n.01", "sandal.n.01", "shirt.n.01", "gym_shoe.n.01",
    "bag.n.01",
  },
  distances = {
    { 0, 3, 4, 3, 6, 2, 6, 7 },
    { 3, 0, 5, 4, 7, 3, 7, 8 },
    { 4, 5, 0, 5, 6, 4, 6, 7 },
    { 3, 4, 5, 0, 7, 3, 7, 8 },
    { 6, 7, 6, 7, 0, 6, 2, 7 },
    { 2, 3, 4, 3, 6, 0, 6, 7 },
    { 6, 7, 6, 7, 2, 6, 0, 7 },
    { 7, 8, 7, 8, 7, 7, 7, 0 },
  },
}
