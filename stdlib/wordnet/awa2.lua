-- Twenty-three of the animals of AwA2: those that the paper on adaptive labels (LwAL) takes.
-- Distances in WordNet 3.0 (Copyright 2006 by Princeton University; its licence is in LICENSE.txt beside this file):
-- edges of the shortest path between two synsets over a common hypernym.
return {
  classes = {
    "spider_monkey", "gorilla", "chimpanzee", "rabbit", "elephant", "otter", "skunk", "weasel", "fox", "wolf",
    "giant_panda", "raccoon", "tiger", "lion", "leopard", "dalmatian", "collie", "squirrel", "bobcat", "siamese_cat",
    "german_shepherd", "persian_cat", "chihuahua",
  },
  synsets = {
    "spider_monkey.n.01", "gorilla.n.01", "chimpanzee.n.01", "rabbit.n.01", "elephant.n.01", "otter.n.02",
    "skunk.n.04", "weasel.n.02", "fox.n.01", "wolf.n.01", "giant_panda.n.01", "raccoon.n.02", "tiger.n.02",
    "lion.n.01", "leopard.n.02", "dalmatian.n.02", "collie.n.01", "squirrel.n.01", "bobcat.n.01", "siamese_cat.n.01",
    "german_shepherd.n.01", "persian_cat.n.01", "chihuahua.n.03",
  },
  distances = {
    { 0, 7, 7, 7, 6, 7, 7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 10, 6, 10, 9, 10, 9, 9 },
    { 7, 0, 2, 8, 7, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 11, 7, 11, 10, 11, 10, 10 },
    { 7, 2, 0, 8, 7, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 11, 7, 11, 10, 11, 10, 10 },
    { 7, 8, 8, 0, 5, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 9, 5, 9, 8, 9, 8, 8 },
    { 6, 7, 7, 5, 0, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 8, 4, 8, 7, 8, 7, 7 },
    { 7, 8, 8, 6, 5, 0, 2, 2, 4, 4, 4, 4, 5, 5, 5, 5, 7, 5, 7, 6, 7, 6, 6 },
    { 7, 8, 8, 6, 5, 2, 0, 2, 4, 4, 4, 4, 5, 5, 5, 5, 7, 5, 7, 6, 7, 6, 6 },
    { 7, 8, 8, 6, 5, 2, 2, 0, 4, 4, 4, 4, 5, 5, 5, 5, 7, 5, 7, 6, 7, 6, 6 },
    { 7, 8, 8, 6, 5, 4, 4, 4, 0, 2, 4, 4, 5, 5, 5, 3, 5, 5, 7, 6, 5, 6, 4 },
    { 7, 8, 8, 6, 5, 4, 4, 4, 2, 0, 4, 4, 5, 5, 5, 3, 5, 5, 7, 6, 5, 6, 4 },
    { 7, 8, 8, 6, 5, 4, 4, 4, 4, 4, 0, 2, 5, 5, 5, 5, 7, 5, 7, 6, 7, 6, 6 },
    { 7, 8, 8, 6, 5, 4, 4, 4, 4, 4, 2, 0, 5, 5, 5, 5, 7, 5, 7, 6, 7, 6, 6 },
    { 8, 9, 9, 7, 6, 5, 5, 5, 5, 5, 5, 5, 0, 2, 2, 6, 8, 6, 6, 5, 8, 5, 7 },
    { 8, 9, 9, 7, 6, 5, 5, 5, 5, 5, 5, 5, 2, 0, 2, 6, 8, 6, 6, 5, 8, 5, 7 },
    { 8, 9, 9, 7, 6, 5, 5, 5, 5, 5, 5, 5, 2, 2, 0, 6, 8, 6, 6, 5, 8, 5, 7 },
    { 8, 9, 9, 7, 6, 5, 5, 5, 3, 3, 5, 5, 6, 6, 6, 0, 4, 6, 8, 4, 4, 4, 3 },
    { 10, 11, 11, 9, 8, 7, 7, 7, 5, 5, 7, 7, 8, 8, 8, 4, 0, 8, 10, 6, 2, 6, 5 },
    { 6, 7, 7, 5, 4, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 8, 0, 8, 7, 8, 7, 7 },
    { 10, 11, 11, 9, 8, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 8, 10, 8, 0, 5, 10, 5, 9 },
    { 9, 10, 10, 8, 7, 6, 6, 6, 6, 6, 6, 6, 5, 5, 5, 4, 6, 7, 5, 0, 6, 2, 5 },
    { 10, 11, 11, 9, 8, 7, 7, 7, 5, 5, 7, 7, 8, 8, 8, 4, 2, 8, 10, 6, 0, 6, 5 },
    { 9, 10, 10, 8, 7, 6, 6, 6, 6, 6, 6, 6, 5, 5, 5, 4, 6, 7, 5, 2, 6, 0, 5 },
    { 9, 10, 10, 8, 7, 6, 6, 6, 4, 4, 6, 6, 7, 7, 7, 3, 5, 7, 9, 5, 5, 5, 0 },
  },
}
