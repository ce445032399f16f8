local axes = require "sweep.axes"
local schema = require "schema"

local retry = {
  { "crash", "integer >= 0", 1, "how often a trial that crashed is started again" },
  { "oom", "one of none|halve_batch", "none",
    "a trial that ran out of memory fails, or is started again with half the batch: marked, and in no mean" },
}

local running = {
  { "on", "one of local", "local", "where trials run" },
  { "jobs", "integer > 0", 2, "trials that run at the same time" },
  { "timeout", "duration", schema.optional, "a trial that takes longer is stopped and has failed" },
  { "retry", retry, {}, "what is tried again" },
  { "on_fail", "one of continue|stop", "continue", "whether the other trials go on when one has failed" },
  { "memory", "number > 0 or one of auto|any", "auto",
    "GiB that all trials may hold together: fewer than jobs run at a time where that is not enough. auto: nine tenths "
    .. "of what is free at the start; any: not looked at" },
  { "vectorize", "one of auto|off", "auto",
    "whether heads on the same cached features are trained together where that is faster" },
  { "pin", "boolean", false, "each trial on processors of its own; for a machine that nothing else uses" },
}

--- Trials of one base under all combinations of the values of `grid`, or at points of a `space` that a `search` draws
-- (both together: each point under each combination), each with several seeds, and what is reported of them. `where`
-- leaves trials out, `derive` adds what follows from a trial's values. Running it again runs what is missing.
-- @usage sweep "rates" { base = "quickstart.lua", grid = { lr = { 1e-3, 1e-2 } }, seeds = { 1, 2, 3 } }
return schema.declare("sweep", {
  { "name", "string", schema.required, "what the sweep is called" },
  { "base", "path or function", schema.required, "a script, or a function that gives the experiment" },
  { "grid", schema.map(axes.type()), {}, "parameters, or options by their paths, each with its values" },
  { "space", "map of (node uniform|loguniform|int|choice)", {}, "ranges from which the search draws" },
  { "search", "node random|sobol|tpe", schema.optional, "how points of the space are drawn" },
  { "where", "function", schema.optional, "function(t): does the trial of these values belong to the sweep?" },
  { "derive", "function", schema.optional, "function(t): further { [key] = value } of the trial of these values" },
  { "seeds", "list of integer >= 0", schema.optional,
    "each cell is trained with each of them; the script's seed where absent" },
  { "prune", "node asha", schema.optional, "what ends trials early" },
  { "run", running, {}, "how trials are run", display = true },
  { "metrics", "list of string", schema.optional, "the columns of the table; all that are measured where absent",
    display = true },
  { "report", "list of (node tabulate|plot)", {},
    "tables and plots made when all trials are done; a line a cell where absent", display = true },
  { "allow_test_selection", "boolean", false, "lets trials be chosen or pruned by metrics of test data" },
}, nil, {
  named = true,
  check = function(o) return axes.problem(o) end,
})
