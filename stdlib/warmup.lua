--- The rise at the start that every schedule offers.
local schema = require "schema"

local warmup = {}

--- Fields that every schedule has, after its own.
function warmup.fields(own)
  own[#own + 1] = { "warmup", "integer >= 0 or percent", 0,
    "steps at the start with a smaller rate, or a share of the run" }
  own[#own + 1] = { "warmup_shape", "one of linear|constant", "linear", "a straight rise, or one rate and then a jump" }
  own[#own + 1] = { "warmup_factor", "number in [0, 1]", schema.optional,
                    "share of the rate at the first step; where absent 1 / steps for linear, 1/3 for constant" }
  return own
end

--- Steps of rise: a number, or a share of the run's steps.
function warmup.steps(value, total)
  if type(value) == "number" then return value end
  if not total then error("schedule: a warm-up in percent needs a run of known length", 0) end
  return math.floor(schema.share(value, total) + 0.5)
end

--- Factor of the rise at this step (counted from 0). Linear: 1/n, 2/n, ..., 1, or from warmup_factor to 1 at step n
-- (as torch's LinearLR); constant: warmup_factor until step n (as ConstantLR).
function warmup.factor(o, step, total)
  local n = warmup.steps(o.warmup, total)
  if step >= n then return 1 end
  if o.warmup_shape == "constant" then return o.warmup_factor or 1 / 3 end
  if not o.warmup_factor then return (step + 1) / n end
  return o.warmup_factor + (1 - o.warmup_factor) * step / n
end

--- Share of the run that lies behind after the warm-up, in [0, 1].
function warmup.progress(o, step, total)
  if not total then error("schedule: it needs a run of known length", 0) end
  local n = warmup.steps(o.warmup, total)
  return math.min(1, math.max(0, (step - n) / math.max(1, total - n)))
end

return warmup
