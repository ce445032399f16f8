local schema = require "schema"

--- L_nd: paths are sampled from the decoder and rewarded by the share of the ground truth's nodes they visit, for samples
-- whose label has nondeterministic paths: -(reward - baseline) * log probability (Eqs. 3 to 5 of the label-space paper).
-- @usage path.reinforce { baseline = "mean" }
return schema.declare("path.reinforce", {
  { "on", "one of nondeterministic", "nondeterministic", "the samples it learns from" },
  { "samples", "integer > 0", 1, "paths sampled for each" },
  { "reward", "one of label_nodes|label_only|det_nodes", "label_nodes",
    "nodes that count: labels on the true paths, the label alone, or all nodes of the deterministic paths" },
  { "baseline", "one of mean|ema|batch|none", "mean", "of all earlier rewards, a moving one, of the batch, or 0" },
  { "decay", "number in [0, 1)", 0.9, "of the moving baseline" },
}, function(o)
  return setmetatable({
    options = { samples = o.samples, reward = o.reward, baseline = o.baseline, decay = o.decay },
  }, {
    __call = function(self, decoder, features, labels, generator, weights)
      self.options.generator, self.options.weights = generator, weights
      return decoder:reinforce(features, labels, self.options)
    end,
  })
end)
