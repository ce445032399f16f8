local nearest = require "language.nearest"
local schema = require "schema"

local row = {
  { "label", "string", schema.required, "what the row is called in the table", at = 1 },
  { "paper", "number or map of number", schema.optional, "a paper's number for the first metric, in the units of its "
    .. "column, or { [metric] = number }: it stands beside ours", display = true },
  { "against", "string", schema.optional, "the row it is compared with; the first one where absent", display = true },
  { "changes", "map of (number or string or boolean)", {}, "parameters that differ from the base", at = "keys" },
}

--- Rows that differ from one base in a few parameters, each trained with several seeds, and a table of the results with
-- mean, spread and the difference to the first row. A row's `paper` is the number that the paper gives; where any row
-- has one, a column "paper" stands beside ours and another beside the difference.
-- @usage ablate "joining" { base = "petfusion.lua", { "full", paper = 0.9495 }, { "no RL", beta = 0 } }
return schema.declare("ablate", {
  { "name", "string", schema.required, "what the ablation is called" },
  { "base", "path or function", schema.required, "a script, or a function that gives the experiment" },
  { "seeds", "list of integer >= 0", { 1, 2, 3 }, "every row is trained with each of them" },
  { "rows", schema.list(row), {}, "the rows", at = "rest" },
  { "jobs", "integer > 0", 2, "trials that run at the same time", display = true },
  { "vectorize", "one of auto|off", "auto", "whether heads on the same cached features are trained together where that is faster",
    display = true },
  { "metrics", "list of string", schema.optional, "the columns, by metric key; all that are measured where absent" },
  { "test", "one of none|paired_t|wilcoxon", "none",
    "of the difference of the first metric, paired over the seeds: a column p, with Holm's correction",
    display = true },
  { "interval", "boolean", false, "the 95 % interval of a mean (Student's t) in the place of its deviation",
    display = true },
  { "show", "string", schema.optional, "the row whose report (eval.report, first seed) is shown after the table" },
}, nil, {
  named = true,
  check = function(o)
    if #o.rows == 0 then return "it has no rows: write { \"name\", parameter = value }", "rows" end
    local seen = {}
    for _, entry in ipairs(o.rows) do
      if entry.label and seen[entry.label] then return ("two rows are called '%s'"):format(entry.label), "rows" end
      if entry.label then seen[entry.label] = true end
    end
    for _, entry in ipairs(o.rows) do
      if entry.against and not seen[entry.against] then return ("no row is called '%s'"):format(entry.against), "rows" end
    end
    for _, entry in ipairs(o.rows) do
      for key in schema.pairs(type(entry.paper) == "table" and entry.paper or {}) do
        local known = not o.metrics
        for _, metric in ipairs(o.metrics or {}) do known = known or metric == key end
        if not known then
          return ("paper: no column is called '%s'%s (%s)"):format(key, nearest.did_you_mean(key, o.metrics),
            table.concat(o.metrics, ", ")), "rows"
        end
      end
    end
    if o.show and not seen[o.show] then return ("no row is called '%s'"):format(o.show), "show" end
  end,
})
