--- How much each sample of a target { y or t, w, ignore } counts: float [B] of w, 0 where it is ignored; nil where all
-- count alike. @param dtype of the factors
return function(target, dtype)
  if not target.ignore then return target.w and target.w:to(dtype) end
  local counts = target.ignore:logical_not():to(dtype)
  return target.w and torch.where(target.ignore, counts, target.w:to(dtype)) or counts
end
