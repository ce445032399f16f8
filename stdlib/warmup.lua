--- The linear rise at the start that every schedule offers.
local schema = require "schema"

local warmup = {}

warmup.field = { "warmup", "integer >= 0 or percent", 0, "steps of linear rise at the start, or a share of the run" }

--- Steps of rise: a number, or a share of the run's steps.
function warmup.steps(value, total)
  if type(value) == "number" then return value end
  if not total then error("schedule: a warm-up in percent needs a run of known length", 0) end
  return math.floor(schema.share(value, total) + 0.5)
end

--- Factor of the rise at this step (counted from 0): 1/n, 2/n, ..., then 1.
function warmup.factor(value, step, total)
  local n = warmup.steps(value, total)
  return step < n and (step + 1) / n or 1
end

--- Share of the run that lies behind after the warm-up, in [0, 1].
function warmup.progress(value, step, total)
  if not total then error("schedule: it needs a run of known length", 0) end
  local n = warmup.steps(value, total)
  return math.min(1, math.max(0, (step - n) / math.max(1, total - n)))
end

return warmup
