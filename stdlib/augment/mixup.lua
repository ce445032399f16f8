local schema = require "schema"

--- Mixup (Zhang et al. 2018): every picture of a batch becomes lambda x + (1 - lambda) x' of a partner's x', and so
-- does its label, batch.t float [B, K]; lambda of a batch is drawn from Beta(alpha, alpha). batch.mix tells
-- { permutation = long [B], lambda }; batch.y stays each sample's own label. It stands beside other changes of the
-- training pictures, which come first; with cutmix beside it each batch takes one of them.
-- @usage mixup { alpha = 0.2 }
return schema.declare("augment.mixup", {
  { "alpha", "number > 0", 1.0, "of Beta(alpha, alpha): small mixes little, 1 evenly", at = 1 },
  { "p", "number in [0, 1]", 1.0, "share of the batches" },
}, function(o) return { kind = "mixup", alpha = o.alpha, p = o.p } end)
