-- Breeds of cats and dogs by what is seen of them: hair and colour of cats, hair, ears and size of dogs.
--
-- The labels are the 37 classes of the Oxford-IIIT Pets (Parkhi and others, CVPR 2012), written as `images` writes
-- the names of their folders; "cat" and "dog" are the classes of Dogs vs. Cats, so the two join here. Which
-- attributes there are is from the label-space paper (ICML 2021: hair, ears, solid, tabby and point); its graph was
-- never published. What a breed looks like was recalled and not looked up: its usual coat as breeders describe it.
-- The cats in tabby, point and solid coats have one path for each; these compete (nondeterministic), and so do coats
-- that a breed has both ways.
return graph "animal" {
  block "species" { "cat", "dog" },

  under "cat" {
    block "hair" { "shorthair", "longhair", "hairless" },
    block "colour" { "solid", "tabby", "point" },
  },
  labels "cat_breed" { under = "cat",
    { "abyssinian",        hair = "shorthair", colour = "tabby" },
    { "bengal",            hair = "shorthair", colour = "tabby" },
    { "birman",            hair = "longhair",  colour = "point" },
    { "bombay",            hair = "shorthair", colour = "solid" },
    { "british_shorthair", hair = "shorthair", colour = { "solid", "tabby", "point" } },
    { "egyptian_mau",      hair = "shorthair", colour = "tabby" },
    { "maine_coon",        hair = "longhair",  colour = { "solid", "tabby" } },
    { "persian",           hair = "longhair",  colour = { "solid", "tabby", "point" } },
    { "ragdoll",           hair = "longhair",  colour = "point" },
    { "russian_blue",      hair = "shorthair", colour = "solid" },
    { "siamese",           hair = "shorthair", colour = "point" },
    { "sphynx",            hair = "hairless",  colour = { "solid", "tabby", "point" } },
  },

  under "dog" {
    block "coat" { "short_coat", "long_coat", "wire_coat" },
    block "ear" { "erect_ears", "half_erect_ears", "drop_ears" },
    block "size" { "small", "medium", "large" },
  },
  labels "dog_breed" { under = "dog",
    { "american_bulldog",           coat = "short_coat", ear = "drop_ears",       size = "large" },
    { "american_pit_bull_terrier",  coat = "short_coat", ear = "half_erect_ears", size = "medium" },
    { "basset_hound",               coat = "short_coat", ear = "drop_ears",       size = "medium" },
    { "beagle",                     coat = "short_coat", ear = "drop_ears",       size = "medium" },
    { "boxer",                      coat = "short_coat", ear = "drop_ears",       size = "large" },
    { "chihuahua",                  coat = "short_coat", ear = "erect_ears",      size = "small" },
    { "english_cocker_spaniel",     coat = "long_coat",  ear = "drop_ears",       size = "medium" },
    { "english_setter",             coat = "long_coat",  ear = "drop_ears",       size = "large" },
    { "german_shorthaired",         coat = "short_coat", ear = "drop_ears",       size = "large" },
    { "great_pyrenees",             coat = "long_coat",  ear = "drop_ears",       size = "large" },
    { "havanese",                   coat = "long_coat",  ear = "drop_ears",       size = "small" },
    { "japanese_chin",              coat = "long_coat",  ear = "drop_ears",       size = "small" },
    { "keeshond",                   coat = "long_coat",  ear = "erect_ears",      size = "medium" },
    { "leonberger",                 coat = "long_coat",  ear = "drop_ears",       size = "large" },
    { "miniature_pinscher",         coat = "short_coat", ear = "erect_ears",      size = "small" },
    { "newfoundland",               coat = "long_coat",  ear = "drop_ears",       size = "large" },
    { "pomeranian",                 coat = "long_coat",  ear = "erect_ears",      size = "small" },
    { "pug",                        coat = "short_coat", ear = "drop_ears",       size = "small" },
    { "saint_bernard",              coat = "long_coat",  ear = "drop_ears",       size = "large" },
    { "samoyed",                    coat = "long_coat",  ear = "erect_ears",      size = "large" },
    { "scottish_terrier",           coat = "wire_coat",  ear = "erect_ears",      size = "small" },
    { "shiba_inu",                  coat = "short_coat", ear = "erect_ears",      size = "medium" },
    { "staffordshire_bull_terrier", coat = "short_coat", ear = "half_erect_ears", size = "medium" },
    { "wheaten_terrier",            coat = "long_coat",  ear = "drop_ears",       size = "medium" },
    { "yorkshire_terrier",          coat = "long_coat",  ear = "erect_ears",      size = "small" },
  },
}
