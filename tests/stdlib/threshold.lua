local t = require "test"
local threshold = require "threshold"

t.test("the threshold has the best micro F1 of all cuts", function()
  local best, f1 = threshold.best(torch.tensor { 0.9, 0.8, 0.7, 0.4, 0.2 },
    torch.tensor { true, false, true, false, false })
  t.near(best, (0.7 + 0.4) / 2, 1e-6)
  t.near(f1, 4 / 5, 1e-9)
  -- equal probabilities are in the set together
  best, f1 = threshold.best(torch.tensor { 0.5, 0.5, 0.5, 0.1 }, torch.tensor { true, false, false, false })
  t.near(best, 0.3, 1e-6)
  t.near(f1, 0.5, 1e-9)
  -- against every cut of random numbers
  torch.manual_seed(3)
  local p, truth = torch.rand(60), torch.rand(60):gt(0.6)
  local _, claimed = threshold.best(p, truth)
  local largest = 0
  for _, cut in ipairs(p:totable()) do
    local set = p:ge(cut - 1e-9)
    local hits = set:logical_and(truth):sum():item()
    largest = math.max(largest, 2 * hits / (set:sum():item() + truth:sum():item()))
  end
  t.near(claimed, largest, 1e-9)
end)

t.test("a tuned threshold needs held-out training data", function()
  local plain = { name = "trec", sets = { test = {} } }
  t.raises(function() threshold.splits(plain, { "test" }) end, "needs held-out training data: give trec a val")
  plain.sets.val = {}
  t.eq(threshold.splits(plain, { "test" }), { "val" })
  t.raises(function() threshold.splits(plain, { "val" }) end, "tuned on 'val', where it is evaluated")
end)
