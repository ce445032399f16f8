local schema = require "schema"

local Uncertainty = {}
Uncertainty.__index = Uncertainty

--- 1 / (2 exp(s)) of a task (from 1), with history: s learns along with the model.
function Uncertainty:factor(i) return (-self.s[i - 1]):exp() / 2 end
--- What keeps s from growing without end, for one task (from 1).
function Uncertainty:extra(i) return self.s[i - 1] / 2 end
function Uncertainty:state_dict() return { s = self.s:detach() } end
function Uncertainty:load_state_dict(dict) torch.no_grad(function() self.s:copy_(dict.s) end) end

--- Weights by uncertainty (Kendall et al. 2018): each task has a log variance s that is learnt with the model; its loss
-- counts L / (2 exp(s)) + s / 2, times its declared weight. The optimizer of the experiment updates s, without decay.
-- @usage uncertainty {}
return schema.declare("balance.uncertainty", {
  { "start", "number", -0.5, "s at the start" },
}, function(o, context)
  local s = torch.full({ context.tasks }, o.start, { dtype = "float32", device = context.device })
  s = keep(s):requires_grad_()
  return setmetatable({ s = s, parameters = { s } }, Uncertainty)
end)
