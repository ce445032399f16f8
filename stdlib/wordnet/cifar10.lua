-- The classes of CIFAR-10.
-- Distances in WordNet 3.0 (Copyright 2006 by Princeton University; its licence is in LICENSE.txt beside this file):
-- edges of the shortest path between two synsets over a common hypernym.
return {
  classes = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  },
  synsets = {
    "airplane.n.01", "car.n.01", "bird.n.01", "cat.n.01", "deer.n.01", "dog.n.01", "frog.n.01", "horse.n.01",
    "ship.n.01", "truck.n.01",
  },
  distances = {
    { 0, 8, 14, 18, 19, 13, 15, 19, 5, 8 },
    { 8, 0, 13, 17, 18, 12, 14, 18, 7, 2 },
    { 14, 13, 0, 6, 7, 5, 3, 7, 13, 13 },
    { 18, 17, 6, 0, 7, 4, 7, 7, 17, 17 },
    { 19, 18, 7, 7, 0, 7, 8, 6, 18, 18 },
    { 13, 12, 5, 4, 7, 0, 6, 7, 12, 12 },
    { 15, 14, 3, 7, 8, 6, 0, 8, 14, 14 },
    { 19, 18, 7, 7, 6, 7, 8, 0, 18, 18 },
    { 5, 7, 13, 17, 18, 12, 14, 18, 0, 7 },
    { 8, 2, 13, 17, 18, 12, 14, 18, 7, 0 },
  },
}
