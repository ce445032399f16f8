local schema = require "schema"

--- Successive halving over the trials of a sweep (Li et al., "A System for Massively Parallel Hyperparameter Tuning",
-- MLSys 2020): at certain epochs, the rungs, only the best part of the cells goes on. A cell is a configuration with
-- all its seeds: it is judged by the mean over them, and they are pruned together. Cells are compared with cells of
-- the same values of `within` alone. A trial that reaches a rung waits there, without a worker, until its cell is
-- decided. By default ("settled") a decision falls as soon as no result to come could change it, so that the same
-- cells survive in whatever order trials end; "early" decides as the paper does, among what has come so far, and
-- spends less time on cells that only looked good late.
-- @usage asha { "val.top1", min = 2, eta = 3 }
return schema.declare("asha", {
  { "metric", "string", schema.required, "what is compared: measured while training, such as \"val.top1\"", at = 1 },
  { "mode", "one of max|min", "max", "whether larger or smaller is better" },
  { "rung", "one of epoch", "epoch", "what rungs are counted in" },
  { "min", "integer > 0", 1, "the first rung" },
  { "eta", "integer >= 2", 3, "one of so many cells goes on; each rung is so many times the one before" },
  { "within", "list of string", {}, "axes: cells are compared where these are equal" },
  { "unit", "one of cell", "cell", "what is judged: all seeds of a configuration together" },
  { "never", "map of (number or string or boolean)", {}, "cells with these values are never pruned and not compared" },
  { "decide", "one of settled|early", "settled", "when nothing can change it any more, or among what has come so far" },
}, nil)
