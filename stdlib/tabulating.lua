local schema = require "schema"

--- A table of a sweep: a line for each value of `rows`, a column for each of `cols`, in each place the mean over seeds
-- with its spread. What was pruned says at which epoch and is in no mean, nor is what was trained with a halved batch.
-- With a `baseline` and a `test`, places whose difference to the baseline's of the same column is not significant are
-- marked: paired over seeds, Holm's correction over the whole table.
-- @usage tabulate { rows = "head", cols = "fraction", cell = mean_std "test.top1" }
return schema.declare("tabulate", {
  { "rows", "string or list of string", schema.optional, "an axis, or several; all that are no columns where absent" },
  { "cols", "string or list of string", schema.optional, "an axis, or several" },
  { "cell", "string or node mean_std", schema.required, "what stands in a place: mean_std \"test.top1\"" },
  { "over", "one of seed", "seed", "what means are taken over" },
  { "baseline", "number or string or boolean", schema.optional, "the row that others are compared with, by its value" },
  { "mark", "one of best|none", "best", "the best place of each column" },
  { "test", "one of none|paired_t|wilcoxon", "none", "of the difference to the baseline" },
  { "alpha", "number in (0, 1)", 0.05, "a corrected p below it is significant" },
  { "title", "string", schema.optional, "stands above the table" },
}, nil, {
  check = function(o)
    if o.test ~= "none" and o.baseline == nil then return "a test needs a baseline to compare with", "test" end
  end,
})
