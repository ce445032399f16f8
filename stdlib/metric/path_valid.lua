local schema = require "schema"
local tally = require "tally"

--- Share of samples whose decoded path ends in a label of the evaluated dataset (Section 3.4 of the label-space
-- paper: the prediction is the last such label on the path; a path without one is wrong whatever it says).
-- @usage metric.path_valid {}
return schema.declare("metric.path_valid", {}, function()
  return tally.share(function(prediction)
    if not prediction.valid then error("path_valid: the model decodes no paths; it needs a path_decoder", 0) end
    return prediction.valid
  end)
end)
