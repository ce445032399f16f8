--- The second pass of a mixture's heads: after they have stepped, over the same features, with the same random numbers,
-- and with batch statistics that count once.
local precision = require "precision"

local two_passes = {}

local counted = { running_mean = true, running_var = true, num_batches_tracked = true }

-- The generator of a device's state: read and written.
local function random(device)
  if tostring(device):find "^cuda" then
    return function() return torch.cuda.get_rng_state(device) end, function(s) torch.cuda.set_rng_state(s, device) end
  end
  return torch.get_rng_state, torch.set_rng_state
end

--- Before the first pass: what the heads draw from and what their batch norms have counted.
function two_passes.remember(tasks, device)
  local get = random(device)
  local before = { device = device, random = get(), statistics = {} }
  for _, task in ipairs(tasks) do
    for name, buffer in pairs(task.buffers or {}) do
      if counted[name:match "[^.]*$"] then before.statistics[#before.statistics + 1] = { buffer, buffer:clone() } end
    end
  end
  return before
end

--- Keeps tensors for a later batch of the same update: one, or those of a table.
function two_passes.hold(value)
  if torch.is_tensor(value) then
    keep(value)
  elseif type(value) == "table" then
    for _, item in pairs(value) do two_passes.hold(item) end
  end
end

--- A head's outputs, where the gradient through it can be taken by hand.
function two_passes.single_output(name, outputs)
  if torch.is_tensor(outputs) then return outputs end
  error(("mode = \"stale\" follows the one tensor that a head answers; '%s' answers several"):format(name), 0)
end

--- The gradients at the features, taken at the heads as they are now.
-- @param self the objective, @param pass { features, batch, factors, outputs, before } of the first pass
function two_passes.again(self, state, pass, loss_of, gradients_of)
  local _, set = random(pass.before.device)
  set(pass.before.random)
  torch.no_grad(function()
    for _, pair in ipairs(pass.before.statistics) do pair[1]:copy_(pair[2]) end
  end)
  local leaves, outputs, found = {}, {}, nil
  local batch = setmetatable({ pass = 2 }, { __index = pass.batch })
  for i, task in ipairs(self.tasks) do
    leaves[i] = pass.features:detach():requires_grad_()
    if self.mode == "stale" then
      outputs[i] = precision.cast(state.precision, task.head.forward, task.head, leaves[i])
    else
      local loss = precision.cast(state.precision, loss_of, task, leaves[i], batch) * pass.factors[i]
      if self.batches.size > 1 then loss = loss / self.batches.size end
      outputs[i] = precision.scaled(state.precision, loss)
    end
  end
  found = gradients_of(outputs, leaves, self.mode == "stale" and { grad_outputs = pass.outputs } or nil)
  for i, leaf in ipairs(leaves) do found[i] = found[i] or torch.zeros_like(leaf) end
  return found
end

return two_passes
