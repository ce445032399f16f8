local schema = require "schema"

local Ece = {}
Ece.__index = Ece

function Ece:reset() self.sums = nil end

-- sums[0] hits, sums[1] confidences, each by bin.
function Ece:add(prediction, batch)
  if not prediction.scores then error("ece: this head gives no probabilities", 0) end
  local confidence, predicted = prediction.scores:max(1)
  if not self.sums then
    self.sums = keep(torch.zeros(3, self.bins, { dtype = "float64", device = confidence.device }))
  end
  local bin = ((confidence:double() * self.bins):ceil():long() - 1):clamp(0, self.bins - 1)
  local hit = predicted:eq(batch.y):double()
  self.sums[0]:index_add_(0, bin, hit)
  self.sums[1]:index_add_(0, bin, confidence:double())
  self.sums[2]:index_add_(0, bin, torch.ones_like(hit))
end

function Ece:value()
  if not self.sums then return 0 / 0 end
  local gaps = (self.sums[0] - self.sums[1]):abs():sum()
  return (gaps / self.sums[2]:sum()):item()
end

--- Expected calibration error (Guo et al. 2017, eq. 3): the gap between confidence and accuracy, averaged over
-- equally wide bins of confidence, (0, 1/M], (1/M, 2/M], ..., and weighted by their sizes. Between 0 and 1; lower is
-- better.
-- @usage metric.ece { bins = 15 }
return schema.declare("metric.ece", { { "bins", "integer > 0", 15, "number of equally wide bins" } }, function(o)
  return setmetatable({ bins = o.bins }, Ece)
end)
