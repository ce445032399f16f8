local course = require "course"
local learning_curve = require "learning_curve"
local schema = require "schema"

local TimeTo = { stem = "epochs_saved_" } -- what its first key begins with
TimeTo.__index = TimeTo

local nan = 0 / 0

function TimeTo:read(given)
  local epochs, time = self.stem .. given.name, "time_saved_" .. given.name
  local level, total, whose = self.reach, nil, ""
  if type(level) ~= "number" then
    local other, hint = given.reference(level and level.args.changes)
    if other and #other.curve.value == 0 then
      other, hint = nil, ("its reference has no %s after each epoch"):format(given.name)
    end
    if not other then return { { epochs, nan, hint }, { time, nan } } end
    level = learning_curve.best(other.curve.value, given.mode)
    total, whose = other.curve.seconds[#other.curve.seconds], ", the best of its reference,"
  end
  local share = learning_curve.epochs_saved(given.curve, level, given.mode)
  local never = share ~= share and ("%.4g%s was not reached"):format(level, whose) or nil
  return { { epochs, share, never },
           { time, learning_curve.time_saved(given.curve, level, given.mode, total) } }
end

--- What a training saves against a reference: 1 - e / T epochs, where e is the first of T epochs in which the metric is
-- as good as the reference ever was (LwAL's "percent time reduced"), and 1 - seconds until then / seconds of the whole
-- reference. Two keys: epochs_saved_NAME and time_saved_NAME, as shares (0.6 is 60 %).
--
-- reach = best_of { head = "onehot" } is the finished run of the store that has this run's configuration and seed but
-- for these parameters; reach = 0.9 a value. In the table of an ablation curves are averaged over seeds first, and
-- without `reach` the reference is the row that a row is compared with. "-": never reached, or no such run. Seconds are
-- those of the clock: of trainings that shared the machine with others they say little.
-- @usage metric.time_to { "top1", reach = best_of { head = "onehot" } }
return schema.declare("metric.time_to", {
  course.metric_field,
  { "reach", "number or node best_of", schema.optional, "a value, or whose best value is to be reached" },
  course.mode_field,
}, function(o) return setmetatable({ metric = o.metric, reach = o.reach, mode = o.mode }, TimeTo) end,
  { check = course.check })
