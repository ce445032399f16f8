--- Counting over an evaluation without waiting for the device: sums stay tensors until the value is read.
-- Every metric is one of these: add(prediction, batch) for each batch, value() once at the end, reset() between.
local tally = {}
tally.__index = tally

--- The share of samples for which a condition holds.
-- @param holds function(prediction, batch) -> bool[B], and optionally bool[B]: the samples that count at all
function tally.share(holds)
  return setmetatable({
    of = function(prediction, batch)
      local hit, counts = holds(prediction, batch)
      if counts then hit = hit:logical_and(counts) end
      return hit:sum(), counts and counts:sum() or hit:numel()
    end,
  }, tally)
end

--- The mean of a number over samples.
-- @param each function(prediction, batch) -> float[B]
function tally.mean(each)
  return setmetatable({
    of = function(prediction, batch)
      local values = each(prediction, batch)
      return values:sum(), values:numel()
    end,
  }, tally)
end

function tally:reset()
  self.sum, self.count = nil, nil
end

--- Takes a batch. The first one decides the device.
function tally:add(prediction, batch)
  local sum, count = self.of(prediction, batch)
  if not self.sum then
    self.sum = keep(torch.zeros(2, { dtype = "float64", device = sum.device }))
  end
  self.sum[0]:add_(sum)
  self.sum[1]:add_(count)
end

--- The share or mean; nan where nothing was counted (no sample, or none that qualifies).
function tally:value()
  if not self.sum then return 0 / 0 end
  local both = self.sum:totable()
  return both[1] / both[2]
end

return tally
