local schema = require "schema"
local host = require "host.balance"

local Dwa = {}
Dwa.__index = Dwa

--- Before each step: a new epoch closes the one before.
function Dwa:begin(state)
  if self.current and self.current ~= state.epoch then self.host:epoch() end
  self.current = state.epoch
end

--- The factor on the declared weight of a task (from 1); nil while all are 1.
function Dwa:factor(i)
  local weights = self.host:weights()
  return weights and weights[i - 1]
end
function Dwa:observe(losses) torch.no_grad(function() self.host:add(torch.stack(losses)) end) end
function Dwa:state_dict()
  local dict = self.host:state_dict()
  dict.epoch = torch.tensor(self.current or 0, { dtype = "int64" })
  return dict
end
function Dwa:load_state_dict(dict)
  local epoch = dict.epoch and dict.epoch:item() or 0
  self.current = epoch > 0 and epoch or nil
  self.host:load_state_dict(dict)
end

--- Dynamic weight average (Liu et al. 2019): from the third epoch on, a task whose loss fell less in the last epoch
-- weighs more. The factors sum to the number of tasks and multiply the declared weights.
-- @usage dwa { temperature = 2 }
return schema.declare("balance.dwa", {
  { "temperature", "number > 0", 2.0, "larger ones make the weights more alike" },
}, function(o) return setmetatable({ host = host.dwa(o.temperature) }, Dwa) end)
