--- How a sweep draws points of its `space`: at random, evenly (Sobol), or learning from what came out (TPE).
--
-- Each node builds { n = points, adaptive = boolean, lag, propose = function(axes, index, history) -> values }:
-- axes = built ranges (space.lua) in written order, index counts from 1, history = list of { values, result } (result:
-- smaller is better, nan where a trial gave none), filled for adaptive searches alone. The same index and history give
-- the same values, whatever ran before.
local schema = require "schema"

local count = { "n", "integer > 0", schema.required, "points of the space" }
local seed = { "seed", "integer >= 0", 0, "of the search's own random numbers" }

--- Points drawn at random, each independent of all others. The first of many points are those of fewer.
-- @usage random { n = 64 }
schema.declare("random", { count, seed }, function(o) return require("search.random").new(o) end)

--- Points that fill the space evenly: Sobol's sequence with the direction numbers of Joe and Kuo (2008), scrambled
-- (Owen 1998, as torch's SobolEngine does) unless `scramble = false`. Best with a power of two of points.
-- @usage sobol { n = 64 }
schema.declare("sobol", {
  count, seed,
  { "scramble", "boolean", true, "randomly, by `seed`; without it the first point is the corner of all lowest values" },
}, function(o) return require("search.sobol").new(o) end)

--- Tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011,
-- section 4): after `startup` random points, the values seen are split at a quantile into good ones and others, each
-- side gets a density, and of some candidates drawn from the good side the one with the largest ratio of both densities
-- is tried. The points are the same each time, whatever trial ends first: point k follows from the results up to point
-- k - lag.
-- @usage tpe { "val.top1", n = 64 }
return schema.declare("tpe", {
  { "metric", "string", schema.required, "what is made better, such as \"val.top1\": its mean over the seeds", at = 1 },
  count, seed,
  { "mode", "one of max|min", "max", "whether larger or smaller is better" },
  { "startup", "integer > 0", 10, "random points before it begins" },
  { "gamma", "number in (0, 1)", 0.1, "share of the points that count as good, at most 25 of them" },
  { "candidates", "integer > 0", 24, "drawn from the good side for each point" },
  { "multivariate", "boolean", false, "one density over all axes together instead of one for each axis" },
  { "lag", "integer > 0", schema.optional, "points in the air at a time; as many as jobs where absent",
    display = true },
}, function(o) return require("search.tpe").new(o) end)
