--- ReduceLROnPlateau: lr falls when a metric has stopped getting better.
local scheduler = require "torch.optim.schedule.scheduler"
local is_tensor = require "host.tensor".is_tensor

local plateau = {}

--- Whether `value` is better than `best` by more than the threshold (mode min or max; threshold_mode rel or abs).
function plateau.better(o, value, best)
  local sign = o.mode == "min" and -1 or 1
  local bar = o.threshold_mode == "rel" and best * (1 + sign * o.threshold) or best + sign * o.threshold
  if o.mode == "min" then return value < bar end
  return value > bar
end

--- Takes a value into the counts of `state` (best, num_bad_epochs, cooldown_counter); true where the rate must fall.
function plateau.observe(o, state, value)
  if plateau.better(o, value, state.best) then
    state.best, state.num_bad_epochs = value, 0
  else
    state.num_bad_epochs = state.num_bad_epochs + 1
  end
  if state.cooldown_counter > 0 then -- bad epochs do not count yet
    state.cooldown_counter, state.num_bad_epochs = state.cooldown_counter - 1, 0
  end
  if state.num_bad_epochs <= o.patience then return false end
  state.cooldown_counter, state.num_bad_epochs = o.cooldown, 0
  return true
end

plateau.ReduceLROnPlateau = scheduler.class("ReduceLROnPlateau(mode='min', factor=0.1, patience=10, threshold=0.0001, "
  .. "threshold_mode='rel', cooldown=0, min_lr=0, eps=1e-8)", {
  init = function(self, mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
    if factor >= 1 then error("ReduceLROnPlateau: Factor should be < 1.0.", 0) end
    if mode ~= "min" and mode ~= "max" then error("ReduceLROnPlateau: mode " .. tostring(mode) .. " is unknown!", 0) end
    if threshold_mode ~= "rel" and threshold_mode ~= "abs" then
      error("ReduceLROnPlateau: threshold mode " .. tostring(threshold_mode) .. " is unknown!", 0)
    end
    self.mode, self.factor, self.patience, self.threshold, self.threshold_mode = mode, factor, patience, threshold,
      threshold_mode
    self.cooldown, self.eps, self.last_epoch = cooldown, eps, 0
    self.min_lrs = scheduler.per_group("min_lr", self.optimizer, min_lr)
    self.mode_worse = mode == "min" and math.huge or -math.huge
    self._last_lr = scheduler.rates(self)
    self:_reset()
  end,
  --- Forgets what it has seen.
  _reset = function(self) self.best, self.cooldown_counter, self.num_bad_epochs = self.mode_worse, 0, 0 end,
  --- plateau:step(metric), once an epoch.
  step = function(self, metric, epoch)
    if is_tensor(metric) then metric = metric:item() end
    if type(metric) ~= "number" then error("ReduceLROnPlateau: step needs the metric, a number", 2) end
    self.last_epoch = epoch or self.last_epoch + 1
    if plateau.observe(self, self, metric) then
      for i, old in ipairs(scheduler.rates(self)) do
        local new = math.max(old * self.factor, self.min_lrs[i] or self.min_lrs[#self.min_lrs])
        if old - new > self.eps then scheduler.set(self.optimizer.param_groups[i], "lr", new) end
      end
    end
    self._last_lr = scheduler.rates(self)
  end,
  get_lr = scheduler.rates,
})

return plateau
