-- The classes of CIFAR-10 and CIFAR-100 as WordNet arranges them: what lies between "entity" and each class.
--
-- Needs a dictionary of WordNet 3.0 (Debian's wordnet-base; see graph.wordnet), whose arrangement this is. Which
-- synset a class is was looked up in the lists that come with Neural-Backed Decision Trees (Wan and others 2021),
-- but for six where the lists mean something else than the pictures show: there aquarium_fish is a young fish,
-- dolphin and trout are food or a fish, skunk is a defeat in a game, television the medium and girl a young woman.
-- Those six were chosen by what lies above them in WordNet. Nodes between have WordNet's names (vehicle.n.01).
-- graphs/cifar.lua has superclasses instead.
local classes = {
  -- CIFAR-10
  ["airplane.n.01"] = "airplane", ["car.n.01"] = "automobile", ["bird.n.01"] = "bird", ["cat.n.01"] = "cat",
  ["deer.n.01"] = "deer", ["dog.n.01"] = "dog", ["frog.n.01"] = "frog", ["horse.n.01"] = "horse",
  ["ship.n.01"] = "ship", ["truck.n.01"] = "truck",
  -- CIFAR-100
  ["apple.n.01"] = "apple", ["goldfish.n.01"] = "aquarium_fish", ["baby.n.01"] = "baby", ["bear.n.01"] = "bear",
  ["beaver.n.07"] = "beaver", ["bed.n.01"] = "bed", ["bee.n.01"] = "bee", ["beetle.n.01"] = "beetle",
  ["bicycle.n.01"] = "bicycle", ["bottle.n.01"] = "bottle", ["bowl.n.01"] = "bowl", ["male_child.n.01"] = "boy",
  ["bridge.n.01"] = "bridge", ["bus.n.01"] = "bus", ["butterfly.n.01"] = "butterfly", ["camel.n.01"] = "camel",
  ["can.n.01"] = "can", ["castle.n.02"] = "castle", ["caterpillar.n.01"] = "caterpillar", ["cattle.n.01"] = "cattle",
  ["chair.n.01"] = "chair", ["chimpanzee.n.01"] = "chimpanzee", ["clock.n.01"] = "clock", ["cloud.n.01"] = "cloud",
  ["cockroach.n.01"] = "cockroach", ["sofa.n.01"] = "couch", ["crab.n.01"] = "crab", ["crocodile.n.01"] = "crocodile",
  ["cup.n.01"] = "cup", ["dinosaur.n.01"] = "dinosaur", ["dolphin.n.02"] = "dolphin", ["elephant.n.01"] = "elephant",
  ["flatfish.n.02"] = "flatfish", ["forest.n.01"] = "forest", ["fox.n.01"] = "fox", ["female_child.n.01"] = "girl",
  ["hamster.n.01"] = "hamster", ["house.n.01"] = "house", ["kangaroo.n.01"] = "kangaroo",
  ["keyboard.n.01"] = "keyboard", ["lamp.n.01"] = "lamp", ["lawn_mower.n.01"] = "lawn_mower",
  ["leopard.n.02"] = "leopard", ["lion.n.01"] = "lion", ["lizard.n.01"] = "lizard", ["lobster.n.02"] = "lobster",
  ["man.n.01"] = "man", ["maple.n.02"] = "maple_tree", ["motorcycle.n.01"] = "motorcycle",
  ["mountain.n.01"] = "mountain", ["mouse.n.01"] = "mouse", ["mushroom.n.01"] = "mushroom", ["oak.n.02"] = "oak_tree",
  ["orange.n.01"] = "orange", ["orchid.n.01"] = "orchid", ["otter.n.02"] = "otter", ["palm.n.03"] = "palm_tree",
  ["pear.n.01"] = "pear", ["pickup.n.01"] = "pickup_truck", ["pine.n.01"] = "pine_tree", ["plain.n.01"] = "plain",
  ["plate.n.04"] = "plate", ["poppy.n.01"] = "poppy", ["porcupine.n.01"] = "porcupine", ["opossum.n.02"] = "possum",
  ["rabbit.n.01"] = "rabbit", ["raccoon.n.02"] = "raccoon", ["ray.n.07"] = "ray", ["road.n.01"] = "road",
  ["rocket.n.01"] = "rocket", ["rose.n.01"] = "rose", ["sea.n.01"] = "sea", ["seal.n.09"] = "seal",
  ["shark.n.01"] = "shark", ["shrew.n.02"] = "shrew", ["skunk.n.04"] = "skunk", ["skyscraper.n.01"] = "skyscraper",
  ["snail.n.01"] = "snail", ["snake.n.01"] = "snake", ["spider.n.01"] = "spider", ["squirrel.n.01"] = "squirrel",
  ["streetcar.n.01"] = "streetcar", ["sunflower.n.01"] = "sunflower", ["sweet_pepper.n.01"] = "sweet_pepper",
  ["table.n.02"] = "table", ["tank.n.01"] = "tank", ["telephone.n.01"] = "telephone",
  ["television_receiver.n.01"] = "television", ["tiger.n.02"] = "tiger", ["tractor.n.01"] = "tractor",
  ["train.n.01"] = "train", ["trout.n.02"] = "trout", ["tulip.n.01"] = "tulip", ["turtle.n.02"] = "turtle",
  ["wardrobe.n.01"] = "wardrobe", ["whale.n.02"] = "whale", ["willow.n.01"] = "willow_tree", ["wolf.n.01"] = "wolf",
  ["woman.n.01"] = "woman", ["worm.n.01"] = "worm",
}

local synsets = {}
for synset in pairs(classes) do synsets[#synsets + 1] = synset end
table.sort(synsets)

-- The two kinds of entities, in the block that the dictionary puts them in; the rest comes from there.
return graph "entity.n.01" {
  block "below entity.n.01" { "physical_entity.n.01", "abstraction.n.06" },
}:merge(graph.wordnet { labels = synsets, blocks = "siblings" }, { aliases = classes })
