local schema = require "schema"
local tally = require "tally"

--- Share of samples whose decoded path is nondeterministic: another path to the same label goes through a competing
-- node (Definitions 3.2 and 3.3 of the label-space paper).
-- @usage metric.nondeterministic_share {}
return schema.declare("metric.nondeterministic_share", {}, function()
  return tally.share(function(prediction)
    if not prediction.nondeterministic then
      error("nondeterministic_share: the model decodes no paths; it needs a path_decoder", 0)
    end
    return prediction.nondeterministic
  end)
end)
