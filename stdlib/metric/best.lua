local course = require "course"
local learning_curve = require "learning_curve"
local schema = require "schema"

local Best = {}
Best.__index = Best

function Best:read(given)
  return { { "best_" .. given.name, (learning_curve.best(given.curve.value, given.mode)) } }
end

--- The best value of a metric over the epochs (LwAL's tables: best test accuracy). Its key is best_NAME. The splits are
-- those evaluated while training, eval.during, and those of eval.on where there are none: nothing is chosen by it.
-- @usage metric.best "top1"
return schema.declare("metric.best", { course.metric_field, course.mode_field }, function(o)
  return setmetatable({ metric = o.metric, mode = o.mode }, Best)
end, { check = course.check })
