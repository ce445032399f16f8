--- Labels of samples that have one each, long [B], or several, long [B, K] with rows filled up with -1.
local label_rows = {}

--- bool [B, N]: which of N classes a sample's labels name. Numbers below 0 name none.
function label_rows.indicator(y, classes)
  if y.ndim == 1 then y = y:unsqueeze(1) end
  local rows = torch.zeros(y:size(0), classes + 1, { device = y.device }) -- column 0 takes what names none
  return rows:scatter_(1, y:clamp_min(-1) + 1, 1):narrow(1, 1, classes):gt(0)
end

--- bool [B]: whether the predicted class (long [B], -1: none) is the sample's label, or one of its labels.
function label_rows.hit(predicted, y)
  if y.ndim == 1 then return predicted:eq(y) end
  return y:eq(predicted:unsqueeze(1)):logical_and(y:ge(0)):any(1)
end

return label_rows
