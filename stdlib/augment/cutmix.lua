local schema = require "schema"

--- CutMix (Yun et al. 2019): a box of every picture of a batch shows a partner's pixels, and the label mixes by the
-- areas, batch.t float [B, K]; the box has a share of the area drawn from Beta(alpha, alpha), less what an edge cuts
-- off. batch.mix tells { permutation = long [B], lambda = share that is left, mask = bool [H, W], true in the box };
-- batch.y stays each sample's own label. With mixup beside it each batch takes one of them.
-- @usage cutmix { alpha = 1 }
return schema.declare("augment.cutmix", {
  { "alpha", "number > 0", 1.0, "of Beta(alpha, alpha)", at = 1 },
  { "p", "number in [0, 1]", 1.0, "share of the batches" },
}, function(o) return { kind = "cutmix", alpha = o.alpha, p = o.p } end)
