--- In what precision training computes: float32, or bfloat16 and float16 where autocast finds that safe. float16 scales
-- the loss, so that small gradients do not vanish; a step whose gradients overflow is left out.
local gradients = require "nn.gradients"

local precision = {}
precision.__index = precision

--- @param kind "fp32", "bf16" or "fp16"; @param device of the model
function precision.new(kind, device)
  local self = setmetatable({ kind = kind, device = tostring(device):match "^[^:]+" }, precision)
  if kind == "fp16" then self.scaler = torch.amp.GradScaler(self.device) end
  return self
end

--- fn(...) in this precision; `self` may be nil (float32).
function precision.cast(self, fn, ...)
  if not self or self.kind == "fp32" then return fn(...) end
  return torch.autocast(self.device, { dtype = self.kind == "bf16" and torch.bfloat16 or torch.float16 }, fn, ...)
end

--- The loss from which backward starts.
function precision.scaled(self, loss)
  if not self or not self.scaler then return loss end
  return self.scaler:scale(loss)
end

--- The scale as a tensor, nil where there is none.
function precision.scale(self) return self and self.scaler and self.scaler._scale end

--- Cuts these parameters' gradients: each number to clip_value, then their norm together to clip, where the state has
-- them.
function precision.clip(state, parameters)
  if state.clip_value then gradients.clip_grad_value_(parameters, state.clip_value) end
  if state.clip then gradients.clip_grad_norm_(parameters, state.clip) end
end

--- Clips the gradients of these parameters and steps; with a scaler not where one of them has overflowed.
-- @param state of training: clip, clip_value, precision
-- @param step function()
function precision.update(state, parameters, step)
  local scaler = state.precision and state.precision.scaler
  local part = scaler and { param_groups = { { params = parameters } }, step = step }
  if scaler then scaler:unscale_(part) end
  precision.clip(state, parameters)
  if scaler then return scaler:step(part) end
  return step()
end

--- After all parts have stepped.
function precision.finish(self)
  if self and self.scaler then self.scaler:update() end
end

return precision
