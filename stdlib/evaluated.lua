--- Heads that tell all classes of a join apart answer with those of one dataset while that one is evaluated.
local evaluated = {}

--- bool [K]: the classes that are not among `numbers` (a list, from 0).
function evaluated.others(numbers, classes)
  local others = torch.ones(classes):index_fill_(0, torch.tensor(numbers, { dtype = "int64" }), 0)
  return keep(others:gt(0))
end

--- scores [B, K] with -inf for the others; as they are where there are none (nil).
function evaluated.among(scores, others)
  return others and scores:masked_fill(others:to(scores.device), -math.huge) or scores
end

return evaluated
