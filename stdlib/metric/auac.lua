local course = require "course"
local learning_curve = require "learning_curve"
local schema = require "schema"

local Auac = {}
Auac.__index = Auac

function Auac:read(given) return { { "auac_" .. given.name, learning_curve.auac(given.curve.value) } } end

--- Area under the accuracy curve: the mean of a metric over the epochs that were evaluated, so that learning early
-- counts (LwAL). Its key is auac_NAME. Splits as for metric.best.
-- @usage metric.auac "top1"
return schema.declare("metric.auac", { course.metric_field }, function(o)
  return setmetatable({ metric = o.metric }, Auac)
end, { check = course.check })
