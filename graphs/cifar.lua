-- The classes of CIFAR-10 and CIFAR-100 in one graph: five realms, in them the superclasses of CIFAR-100 with their
-- five classes each, and beside the superclasses the ten classes of CIFAR-10.
--
-- Superclasses and classes are those of Krizhevsky 2009, by the names of the official files, looked up. The realms,
-- and which superclass and which class of CIFAR-10 lies in which, are our own judgement; people count as animals, as
-- they do in WordNet. A truck of CIFAR-10 is never a pickup truck (so its author's page, recalled), thus no two
-- classes of the two sets are the same. graphs/cifar_wordnet.lua has the same classes as WordNet arranges them.
return graph "picture" {
  block "realm" { "animal", "plant", "household", "outdoors", "vehicle" },

  labels "kind" { under = "animal",
    "aquatic_mammals", "fish", "insects", "large_carnivores", "large_omnivores_and_herbivores", "medium_mammals",
    "non-insect_invertebrates", "people", "reptiles", "small_mammals",
    "bird", "cat", "deer", "dog", "frog", "horse", -- CIFAR-10
  },
  labels "kind" { under = "plant",
    "flowers", "fruit_and_vegetables", "trees",
  },
  labels "kind" { under = "household",
    "food_containers", "household_electrical_devices", "household_furniture",
  },
  labels "kind" { under = "outdoors",
    "large_man-made_outdoor_things", "large_natural_outdoor_scenes",
  },
  labels "kind" { under = "vehicle",
    "vehicles_1", "vehicles_2",
    "airplane", "automobile", "ship", "truck", -- CIFAR-10
  },

  labels "fine" { under = "aquatic_mammals", "beaver", "dolphin", "otter", "seal", "whale" },
  labels "fine" { under = "fish", "aquarium_fish", "flatfish", "ray", "shark", "trout" },
  labels "fine" { under = "insects", "bee", "beetle", "butterfly", "caterpillar", "cockroach" },
  labels "fine" { under = "large_carnivores", "bear", "leopard", "lion", "tiger", "wolf" },
  labels "fine" { under = "large_omnivores_and_herbivores", "camel", "cattle", "chimpanzee", "elephant", "kangaroo" },
  labels "fine" { under = "medium_mammals", "fox", "porcupine", "possum", "raccoon", "skunk" },
  labels "fine" { under = "non-insect_invertebrates", "crab", "lobster", "snail", "spider", "worm" },
  labels "fine" { under = "people", "baby", "boy", "girl", "man", "woman" },
  labels "fine" { under = "reptiles", "crocodile", "dinosaur", "lizard", "snake", "turtle" },
  labels "fine" { under = "small_mammals", "hamster", "mouse", "rabbit", "shrew", "squirrel" },
  labels "fine" { under = "flowers", "orchid", "poppy", "rose", "sunflower", "tulip" },
  labels "fine" { under = "fruit_and_vegetables", "apple", "mushroom", "orange", "pear", "sweet_pepper" },
  labels "fine" { under = "trees", "maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree" },
  labels "fine" { under = "food_containers", "bottle", "bowl", "can", "cup", "plate" },
  labels "fine" { under = "household_electrical_devices", "clock", "keyboard", "lamp", "telephone", "television" },
  labels "fine" { under = "household_furniture", "bed", "chair", "couch", "table", "wardrobe" },
  labels "fine" { under = "large_man-made_outdoor_things", "bridge", "castle", "house", "road", "skyscraper" },
  labels "fine" { under = "large_natural_outdoor_scenes", "cloud", "forest", "mountain", "plain", "sea" },
  labels "fine" { under = "vehicles_1", "bicycle", "bus", "motorcycle", "pickup_truck", "train" },
  labels "fine" { under = "vehicles_2", "lawn_mower", "rocket", "streetcar", "tank", "tractor" },
}
