--- Schedules of one formula: constant, linear, polynomial, exponential, in steps, by a function.
local scheduler = require "torch.optim.schedule.scheduler"
local rates = scheduler.rates
local simple = {}

-- Functions, one for all groups or one each; left out of the state.
local function functions(self, f)
  if type(f) == "table" and getmetatable(f) == nil then
    if #f ~= #self.optimizer.param_groups then
      error(("%s: Expected %d lr_lambdas, but got %d"):format(self.name, #self.optimizer.param_groups, #f), 0)
    end
  elseif type(f) ~= "function" and type(f) ~= "table" then
    error(("%s: lr_lambda should be a function, but got %s"):format(self.name, type(f)), 0)
  end
  self.lr_lambdas = {}
  for i = 1, #self.optimizer.param_groups do
    self.lr_lambdas[i] = type(f) == "function" and f or getmetatable(f) and f or f[i]
  end
end

--- lr = initial lr * lr_lambda(epoch).
simple.LambdaLR = scheduler.class("LambdaLR(lr_lambda, last_epoch=-1)", {
  left_out = { lr_lambdas = true },
  init = functions,
  get_lr = function(self)
    return self:from_base(function(base, i) return base * self.lr_lambdas[i](self.last_epoch) end)
  end,
})

--- lr is multiplied by lr_lambda(epoch) at every step.
simple.MultiplicativeLR = scheduler.class("MultiplicativeLR(lr_lambda, last_epoch=-1)", {
  left_out = { lr_lambdas = true },
  init = functions,
  get_lr = function(self)
    if self._is_initial then return self:unchanged() end
    return rates(self, function(lr, _, i) return lr * self.lr_lambdas[i](self.last_epoch) end)
  end,
})

--- lr is multiplied by gamma every step_size epochs.
simple.StepLR = scheduler.class("StepLR(step_size, gamma=0.1, last_epoch=-1)", {
  init = function(self, step_size, gamma) self.step_size, self.gamma = step_size, gamma end,
  get_lr = function(self)
    if self.last_epoch == 0 or self.last_epoch % self.step_size ~= 0 then return self:unchanged() end
    return rates(self, function(lr) return lr * self.gamma end)
  end,
  closed_form = function(self)
    local factor = self.gamma ^ math.floor(self.last_epoch / self.step_size)
    return self:from_base(function(base) return base * factor end)
  end,
})

--- lr is multiplied by gamma at each of the milestones, as often as it is listed.
simple.MultiStepLR = scheduler.class("MultiStepLR(milestones, gamma=0.1, last_epoch=-1)", {
  init = function(self, milestones, gamma)
    self.milestones, self.gamma = {}, gamma
    for _, at in ipairs(milestones) do self.milestones[at] = (self.milestones[at] or 0) + 1 end
  end,
  get_lr = function(self)
    local times = self.milestones[self.last_epoch]
    if not times then return self:unchanged() end
    return rates(self, function(lr) return lr * self.gamma ^ times end)
  end,
  closed_form = function(self)
    local passed = 0
    for at, times in pairs(self.milestones) do
      if at <= self.last_epoch then passed = passed + times end
    end
    return self:from_base(function(base) return base * self.gamma ^ passed end)
  end,
})

--- lr times factor until total_iters epochs have passed.
simple.ConstantLR = scheduler.class("ConstantLR(factor=0.3333333333333333, total_iters=5, last_epoch=-1)", {
  init = function(self, factor, total_iters)
    if factor > 1 or factor < 0 then
      error("ConstantLR: Constant multiplicative factor expected to be between 0 and 1.", 0)
    end
    self.factor, self.total_iters = factor, total_iters
  end,
  get_lr = function(self)
    local factor = 1
    if self.last_epoch == 0 then factor = self.factor
    elseif self.last_epoch == self.total_iters then factor = 1 / self.factor end
    return rates(self, function(lr) return lr * factor end)
  end,
  closed_form = function(self)
    local factor = self.last_epoch >= self.total_iters and 1 or self.factor
    return self:from_base(function(base) return base * factor end)
  end,
})

--- lr from start_factor to end_factor of itself along a line of total_iters epochs.
simple.LinearLR = scheduler.class("LinearLR(start_factor=0.3333333333333333, end_factor=1.0, total_iters=5, "
  .. "last_epoch=-1)", {
  init = function(self, start_factor, end_factor, total_iters)
    if start_factor > 1 or start_factor <= 0 then
      error("LinearLR: Starting multiplicative factor expected to be greater than 0 and less or equal to 1.", 0)
    elseif end_factor > 1 or end_factor < 0 then
      error("LinearLR: Ending multiplicative factor expected to be between 0 and 1.", 0)
    end
    self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
  end,
  get_lr = function(self)
    if self.last_epoch == 0 then return rates(self, function(lr) return lr * self.start_factor end) end
    if self._is_initial or self.last_epoch > self.total_iters then return self:unchanged() end
    local rise = self.end_factor - self.start_factor
    local factor = 1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)
    return rates(self, function(lr) return lr * factor end)
  end,
  closed_form = function(self)
    local share = math.min(self.total_iters, self.last_epoch) / self.total_iters
    local factor = self.start_factor + (self.end_factor - self.start_factor) * share
    return self:from_base(function(base) return base * factor end)
  end,
})

--- lr is multiplied by gamma at every step.
simple.ExponentialLR = scheduler.class("ExponentialLR(gamma, last_epoch=-1)", {
  init = function(self, gamma) self.gamma = gamma end,
  get_lr = function(self)
    if self._is_initial then return self:unchanged() end
    return rates(self, function(lr) return lr * self.gamma end)
  end,
  closed_form = function(self) return self:from_base(function(base) return base * self.gamma ^ self.last_epoch end) end,
})

--- lr falls as (1 - epoch / total_iters)^power.
simple.PolynomialLR = scheduler.class("PolynomialLR(total_iters=5, power=1.0, last_epoch=-1)", {
  init = function(self, total_iters, power) self.total_iters, self.power = total_iters, power end,
  get_lr = function(self)
    if self._is_initial or self.last_epoch > self.total_iters then return self:unchanged() end
    local now, before = 1 - self.last_epoch / self.total_iters, 1 - (self.last_epoch - 1) / self.total_iters
    return rates(self, function(lr) return lr * (now / before) ^ self.power end)
  end,
  closed_form = function(self)
    local left = 1 - math.min(self.total_iters, self.last_epoch) / self.total_iters
    return self:from_base(function(base) return base * left ^ self.power end)
  end,
})

--- lr along half a cosine from its start to eta_min in T_max epochs, and back (Loshchilov and Hutter 2017).
simple.CosineAnnealingLR = scheduler.class("CosineAnnealingLR(T_max, eta_min=0.0, last_epoch=-1)", {
  init = function(self, T_max, eta_min) self.T_max, self.eta_min = T_max, eta_min end,
  get_lr = function(self)
    local T, low, epoch = self.T_max, self.eta_min, self.last_epoch
    local function cos(t) return 1 + math.cos(math.pi * t / T) end
    if self._is_initial then return self:unchanged() end
    if self._step_count == 1 and epoch > 0 then return self:closed_form() end
    if (epoch - 1 - T) % (2 * T) == 0 then
      return rates(self, function(lr, _, i) return lr + (self.base_lrs[i] - low) * (1 - math.cos(math.pi / T)) / 2 end)
    end
    return rates(self, function(lr) return cos(epoch) / cos(epoch - 1) * (lr - low) + low end)
  end,
  closed_form = function(self)
    local share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
    return self:from_base(function(base) return self.eta_min + (base - self.eta_min) * share end)
  end,
})

--- A cosine that starts again: after T_0 epochs, then each time T_mult times as long (Loshchilov and Hutter 2017).
simple.CosineAnnealingWarmRestarts = scheduler.class("CosineAnnealingWarmRestarts(T_0, T_mult=1, eta_min=0.0, "
  .. "last_epoch=-1)", {
  init = function(self, T_0, T_mult, eta_min, last_epoch)
    local function integer(x) return type(x) == "number" and x == math.floor(x) end
    if not integer(T_0) or T_0 <= 0 then
      error("CosineAnnealingWarmRestarts: Expected positive integer T_0, but got " .. tostring(T_0), 0)
    end
    if not integer(T_mult) or T_mult < 1 then
      error("CosineAnnealingWarmRestarts: Expected integer T_mult >= 1, but got " .. tostring(T_mult), 0)
    end
    if type(eta_min) ~= "number" then
      error("CosineAnnealingWarmRestarts: Expected float or int eta_min, but got " .. tostring(eta_min), 0)
    end
    self.T_0, self.T_i, self.T_mult, self.eta_min, self.T_cur = T_0, T_0, T_mult, eta_min, last_epoch
  end,
  get_lr = function(self)
    local share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
    return self:from_base(function(base) return self.eta_min + (base - self.eta_min) * share end)
  end,
  step = function(self, epoch)
    if epoch == nil and self.last_epoch < 0 then epoch = 0 end
    if epoch == nil then
      epoch = self.last_epoch + 1
      self.T_cur = self.T_cur + 1
      if self.T_cur >= self.T_i then self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult end
    elseif epoch < 0 then
      error("CosineAnnealingWarmRestarts: Expected non-negative epoch, but got " .. epoch, 0)
    elseif epoch < self.T_0 then
      self.T_i, self.T_cur = self.T_0, epoch
    elseif self.T_mult == 1 then
      self.T_cur = epoch % self.T_0
    else
      local n = math.floor(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1) / math.log(self.T_mult))
      self.T_cur = epoch - self.T_0 * (self.T_mult ^ n - 1) / (self.T_mult - 1)
      self.T_i = self.T_0 * self.T_mult ^ n
    end
    self.last_epoch = math.floor(epoch)
    for i, lr in ipairs(self:get_lr()) do scheduler.set(self.optimizer.param_groups[i], "lr", lr) end
    self._last_lr = rates(self)
  end,
})

return simple
