--- One meaning of `w`, `ignore` and `reduction` for every loss.
local reduction = {}

--- Reduces a loss a sample to what was asked for.
-- @param each float[N], the loss of each sample
-- @param target { w = float[N] or nil: a factor a sample, ignore = bool[N] or nil: samples left out }
-- @param kind "mean" (over the samples that count, weighted by w), "sum", or "none" (float[N], zero where ignored)
-- @param counted float[N] or nil: how much a sample adds to what the mean divides by, where its loss has a factor already
function reduction.apply(each, target, kind, counted)
  local weight = target.w
  if target.ignore then
    local counts = target.ignore:logical_not():to(each.dtype)
    weight = weight and weight * counts or counts
    -- where, not a product: an ignored sample may hold nan
    each = torch.where(target.ignore, torch.zeros_like(each), each)
  end
  if weight then each = each * weight end
  if kind == "none" then return each end
  if kind == "sum" then return each:sum() end
  if kind ~= "mean" then error(("reduction must be mean, sum or none, got '%s'"):format(tostring(kind)), 0) end
  if counted then weight = weight and weight * counted or counted end
  if not weight then return each:mean() end
  return each:sum() / weight:sum():clamp_min(1e-12)
end

--- What a loss is compared with: soft targets where there are any, else one-hot rows of y.
-- @return float[N, C] in the dtype and on the device of `logits`
function reduction.dense(target, logits)
  if target.t then return target.t:to(logits.dtype) end
  return torch.zeros_like(logits):scatter_(1, target.y:unsqueeze(1), 1)
end

return reduction
