local schema = require "schema"
local host = require "host.balance"

local GradNorm = { needs_norms = true }
GradNorm.__index = GradNorm

--- The factor on the declared weight of a task (from 1); nil while all are 1.
function GradNorm:factor(i)
  local weights = self.host:weights()
  return weights and weights[i - 1]
end

--- Takes the inner products [T, T] of the weighted gradients in the last shared layer, the weights they carry, and the
-- losses.
function GradNorm:norms(gram, weights, losses)
  torch.no_grad(function()
    local list = {}
    for i, weight in ipairs(weights) do
      list[i] = torch.is_tensor(weight) and weight:to(gram.dtype)
        or torch.tensor(weight, { dtype = gram.dtype, device = gram.device })
    end
    self.host:step(gram:diagonal():clamp { min = 0 }:sqrt() / torch.stack(list), torch.stack(losses))
  end)
end

function GradNorm:state_dict() return self.host:state_dict() end
function GradNorm:load_state_dict(dict) self.host:load_state_dict(dict) end

--- GradNorm (Chen et al. 2018): the tasks' weights change so that their gradients in the last shared layer have like
-- norms, longer where a loss has fallen less than the others. The factors start at 1 and sum to the number of tasks;
-- they multiply the declared weights, for the heads as well.
-- @usage gradnorm { alpha = 1.5 }
return schema.declare("balance.gradnorm", {
  { "alpha", "number >= 0", 1.5, "how strongly tasks that lag are pulled up; 0 asks for equal norms" },
  { "lr", "number > 0", 0.025, "step size of the weights" },
}, function(o) return setmetatable({ host = host.gradnorm(o.alpha, o.lr) }, GradNorm) end)
