local schema = require "schema"

--- L_d: minus the log probability of a label's deterministic paths, step by step, pooled over its paths and averaged over
-- the samples that have one (Eq. 2 of the label-space paper). With probability `teacher_forcing` a batch is fed the true
-- path, else its own likeliest nodes.
-- @usage path.nll { teacher_forcing = 0.9, pool = "mean" }
return schema.declare("path.nll", {
  { "on", "one of deterministic", "deterministic", "the paths it learns from" },
  { "teacher_forcing", "number in [0, 1]", 0.9, "probability that a batch is fed the ground truth" },
  { "pool", "one of mean|sum|random", "mean", "how a label's paths are pooled" },
  { "max_paths", "integer >= 0", 0, "deterministic paths of a sample that are used, drawn anew each time; 0: all" },
  { "alpha", "number >= 0", 1.0, "a weight only for batches where some label has nondeterministic paths (Algorithm 1)" },
}, function(o)
  return setmetatable({
    options = { teacher_forcing = o.teacher_forcing, pool = o.pool, max_paths = o.max_paths, alpha = o.alpha },
  }, {
    __call = function(self, decoder, features, labels, generator, weights)
      self.options.generator, self.options.weights = generator, weights
      return decoder:nll(features, labels, self.options)
    end,
  })
end)
