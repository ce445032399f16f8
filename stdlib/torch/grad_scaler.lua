--- torch.amp.GradScaler: multiplies the loss, so that small float16 gradients do not vanish, and divides the gradients
-- again before the step; a step whose gradients overflowed is left out and the scale shrinks
-- (Micikevicius et al. 2018).
local torch = require "torch"
local signature = require "torch.signature"
local is_tensor = require "host.tensor".is_tensor

local GradScaler = {}
GradScaler.__index = GradScaler

local hint = "; this may indicate that scaler:scale(loss) was not used earlier in the iteration"

-- What is known of one optimizer since the last update: how far it is ("ready", "unscaled", "stepped"), and per device
-- a tensor that is above 0 where a gradient was not finite.
local function record(self, optimizer)
  local entry = self.optimizers[optimizer]
  if not entry then
    entry = { stage = "ready", found = {} }
    self.optimizers[optimizer] = entry
  end
  return entry
end

local function scalar(value, device, dtype)
  return keep(torch.full({}, value, { dtype = dtype or "float32", device = device }))
end

local function need_scale(self, who)
  if not self._scale then error("GradScaler: attempted " .. who .. " but _scale is None" .. hint, 3) end
end

local function on(self, device)
  if not self._scale then
    self._scale = scalar(self._init_scale, device)
    self._growth_tracker = scalar(self._init_growth_tracker, device, "int32")
  end
  return self._scale.device == device and self._scale or self._scale:to { device = device, non_blocking = true }
end

--- scaler:scale(loss): the loss, or tables of tensors, times the scale.
function GradScaler:scale(outputs)
  if not self._enabled then return outputs end
  if is_tensor(outputs) then return outputs * on(self, outputs.device) end
  if type(outputs) ~= "table" then error("GradScaler: outputs must be a Tensor or an iterable of Tensors", 2) end
  local scaled = {}
  for key, value in pairs(outputs) do scaled[key] = self:scale(value) end
  return scaled
end

-- Multiplies gradients in place by `inverse` and finds out whether all are finite. No waiting for the device.
local function check_gradients(self, optimizer, inverse, float16_allowed)
  local found, lists = {}, {}
  for _, group in ipairs(optimizer.param_groups) do
    for _, parameter in ipairs(group.params) do
      local grad = parameter.grad
      if grad then
        if grad.dtype == "float16" and not float16_allowed then
          error("GradScaler: Attempting to unscale FP16 gradients; keep the parameters in float32 and use autocast", 3)
        end
        if grad.layout == "sparse_coo" then
          if grad.dtype == "float16" then -- the sum of duplicates may overflow
            grad = grad:coalesce()
            parameter.grad = grad
          end
          grad = grad:_values()
        end
        local key = grad.device .. grad.dtype
        lists[key] = lists[key] or { device = grad.device }
        table.insert(lists[key], grad)
      end
    end
  end
  torch.no_grad(function()
    for _, grads in pairs(lists) do
      local device = grads.device
      found[device] = found[device] or scalar(0, device)
      grads.device = nil
      torch._amp_foreach_non_finite_check_and_unscale_(grads, found[device], inverse:to(device))
    end
  end)
  return found
end

--- scaler:unscale_(optimizer): divides its gradients by the scale now, for clipping or a look at them before step.
function GradScaler:unscale_(optimizer)
  if not self._enabled then return end
  need_scale(self, "unscale_")
  local entry = record(self, optimizer)
  if entry.stage == "unscaled" then
    error("GradScaler: unscale_() has already been called on this optimizer since the last update().", 2)
  elseif entry.stage == "stepped" then
    error("GradScaler: unscale_() is being called after step().", 2)
  end
  entry.found = check_gradients(self, optimizer, self._scale:double():reciprocal():float(), false)
  entry.stage = "unscaled"
end

local function sum_of(list, device)
  local total
  for _, x in ipairs(list) do
    x = x:to { device = device, non_blocking = true }
    total = total and total + x or x
  end
  return total
end

local function found_of(entry)
  local list = {}
  for _, x in pairs(entry.found) do list[#list + 1] = x end
  return list
end

-- Whether every group asked for the fused operator, which divides the gradients and skips the step by itself.
local function skips_by_itself(optimizer)
  if not optimizer.fused or type(optimizer.param_groups) ~= "table" then return false end
  for _, group in ipairs(optimizer.param_groups) do
    if group.fused ~= true then return false end
  end
  return true
end

--- scaler:step(optimizer): optimizer:step(), or nothing where a gradient is not finite. Divides the gradients first
-- where unscale_ was not called. Returns what the step returned.
function GradScaler:step(optimizer, ...)
  if not self._enabled then return optimizer:step(...) end
  if type((...)) == "function" then
    error("GradScaler: Closure use is not currently supported if GradScaler is enabled.", 2)
  end
  need_scale(self, "step")
  local entry = record(self, optimizer)
  if entry.stage == "stepped" then error("GradScaler: step() has already been called since the last update().", 2) end
  if skips_by_itself(optimizer) then
    if entry.stage == "ready" then
      entry.found = check_gradients(self, optimizer, torch.ones({}, { device = self._scale.device }), true)
      optimizer.grad_scale = self._scale
    end
    optimizer.found_inf = sum_of(found_of(entry), self._scale.device)
    local done, result = pcall(optimizer.step, optimizer, ...)
    optimizer.grad_scale, optimizer.found_inf = nil, nil
    if not done then error(result, 0) end
    entry.stage = "stepped"
    return result
  end
  if entry.stage == "ready" then self:unscale_(optimizer) end
  local found = found_of(entry)
  if #found == 0 then error("GradScaler: No inf checks were recorded for this optimizer.", 2) end
  local result
  -- the one place where the host waits for the device
  if sum_of(found, found[1].device):item() == 0 then result = optimizer:step(...) end
  entry.stage = "stepped"
  return result
end

--- scaler:update(): the scale for the next iteration, by what the gradients of this one were; or a new one.
function GradScaler:update(new_scale)
  if not self._enabled then return end
  need_scale(self, "update")
  if type(new_scale) == "number" then
    self._scale:fill_(new_scale)
  elseif new_scale ~= nil then
    if not is_tensor(new_scale) or new_scale:numel() ~= 1 or new_scale.requires_grad then
      error("GradScaler: new_scale should be a float or a 1-element tensor with requires_grad=False.", 2)
    end
    self._scale:copy_(new_scale:reshape {})
  else
    local found = {}
    for _, entry in pairs(self.optimizers) do
      for _, x in ipairs(found_of(entry)) do found[#found + 1] = x end
    end
    if #found == 0 then error("GradScaler: No inf checks were recorded prior to update.", 2) end
    torch._amp_update_scale_(self._scale, self._growth_tracker, sum_of(found, self._scale.device), self._growth_factor,
      self._backoff_factor, self._growth_interval)
  end
  self.optimizers = {}
end

--- scaler:get_scale(): the scale as a number; waits for the device.
function GradScaler:get_scale()
  if not self._enabled then return 1 end
  return self._scale and self._scale:item() or self._init_scale
end

function GradScaler:is_enabled() return self._enabled end
for _, name in ipairs { "growth_factor", "backoff_factor", "growth_interval" } do
  GradScaler["get_" .. name] = function(self) return self["_" .. name] end
  GradScaler["set_" .. name] = function(self, value) self["_" .. name] = value end
end

--- { scale, growth_factor, backoff_factor, growth_interval, _growth_tracker }: plain numbers; {} where not enabled.
function GradScaler:state_dict()
  if not self._enabled then return {} end
  return { scale = self:get_scale(), growth_factor = self._growth_factor, backoff_factor = self._backoff_factor,
           growth_interval = self._growth_interval,
           _growth_tracker = self._growth_tracker and self._growth_tracker:item() or self._init_growth_tracker }
end

function GradScaler:load_state_dict(dict)
  if not self._enabled then return end
  if next(dict) == nil then
    error("GradScaler: The source state dict is empty, possibly because it was saved from a disabled instance.", 2)
  end
  self._init_scale, self._growth_factor, self._backoff_factor = dict.scale, dict.growth_factor, dict.backoff_factor
  self._growth_interval, self._init_growth_tracker = dict.growth_interval, dict._growth_tracker
  if self._scale then
    self._scale:fill_(dict.scale)
    self._growth_tracker:fill_(dict._growth_tracker)
  end
end

--- torch.amp.GradScaler(device="cuda", {init_scale=65536, growth_factor=2, backoff_factor=0.5, growth_interval=2000,
-- enabled=true}). Without CUDA a scaler for it is not enabled: its methods then pass everything through.
return signature(
  "GradScaler(device='cuda', init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, "
    .. "enabled=true)",
  function(device, init_scale, growth_factor, backoff_factor, growth_interval, enabled)
    if device:find "^cuda" and enabled and not torch.cuda.is_available() then enabled = false end
    if enabled and growth_factor <= 1 then error("GradScaler: The growth factor must be > 1.0.", 0) end
    if enabled and backoff_factor >= 1 then error("GradScaler: The backoff factor must be < 1.0.", 0) end
    return setmetatable({ _device = device, _enabled = enabled, _init_scale = init_scale,
                          _growth_factor = growth_factor, _backoff_factor = backoff_factor,
                          _growth_interval = growth_interval, _init_growth_tracker = 0, optimizers = {} }, GradScaler)
  end)
