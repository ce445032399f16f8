-- Handwritten digits by stroke and by closed loops. What is drawn is a matter of hands: a 4 may be open or closed, a 2 may
-- have a loop. Their paths through the loops compete with each other (nondeterministic); all others are deterministic.
-- Source: our own judgement of how people write digits, nothing looked up.
return graph "digit" {
  block "stroke" { "straight", "curved", "mixed" },
  block "loops" { "no_loop", "one_loop", "two_loops" },
  labels "value" {
    { "0", stroke = "curved",   loops = "one_loop" },
    { "1", stroke = "straight", loops = "no_loop" },
    { "2", stroke = "mixed",    loops = { "no_loop", "one_loop" } },
    { "3", stroke = "curved",   loops = "no_loop" },
    { "4", stroke = "straight", loops = { "no_loop", "one_loop" } },
    { "5", stroke = "mixed",    loops = "no_loop" },
    { "6", stroke = "curved",   loops = "one_loop" },
    { "7", stroke = "straight", loops = "no_loop" },
    { "8", stroke = "curved",   loops = "two_loops" },
    { "9", stroke = "curved",   loops = "one_loop" },
  },
}
