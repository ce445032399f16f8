--- Schedules that rise and fall and move the momentum against the rate: CyclicLR (Smith 2017), OneCycleLR (Smith and
-- Topin 2018).
local scheduler = require "torch.optim.schedule.scheduler"
local per_group = scheduler.per_group
local cycles = {}

-- Adam's first beta plays the part of momentum.
local function set_momentum(group, momentum)
  if group.betas then group.betas = { momentum, group.betas[2] } else group.momentum = momentum end
end

local function begin_momentum(self, base, max, last_epoch)
  local defaults = self.optimizer.defaults
  if defaults.momentum == nil and defaults.betas == nil then
    error(self.name .. ": optimizer must support momentum or beta1 with `cycle_momentum` option enabled", 0)
  end
  self.use_beta1 = defaults.betas ~= nil
  local bases, maxima = per_group("base_momentum", self.optimizer, base), per_group("max_momentum", self.optimizer, max)
  if last_epoch == -1 then
    for i, group in ipairs(self.optimizer.param_groups) do
      set_momentum(group, maxima[i])
      group.max_momentum, group.base_momentum = maxima[i], bases[i]
    end
  end
  return bases, maxima
end

local shapes = {
  triangular = { function() return 1 end, "cycle" },
  triangular2 = { function(cycle) return 1 / 2 ^ (cycle - 1) end, "cycle" },
  exp_range = { function(step, gamma) return gamma ^ step end, "iterations" },
}

--- lr between base_lr and max_lr, up in step_size_up steps and down in step_size_down.
cycles.CyclicLR = scheduler.class("CyclicLR(base_lr, max_lr, step_size_up=2000, step_size_down=nil, "
  .. "mode='triangular', gamma=1.0, "
  .. "scale_fn=nil, scale_mode='cycle', cycle_momentum=true, base_momentum=0.8, max_momentum=0.9, last_epoch=-1)", {
  init = function(self, base_lr, max_lr, up, down, mode, gamma, scale_fn, scale_mode, cycle_momentum, base_momentum,
    max_momentum, last_epoch)
    local bases = per_group("base_lr", self.optimizer, base_lr)
    if last_epoch == -1 then
      for i, group in ipairs(self.optimizer.param_groups) do scheduler.set(group, "lr", bases[i]) end
    end
    self.max_lrs = per_group("max_lr", self.optimizer, max_lr)
    down = down or up
    self.total_size, self.step_ratio = up + down, up / (up + down)
    if not shapes[mode] and not scale_fn then error("CyclicLR: mode is invalid and scale_fn is None", 0) end
    self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
    if not scale_fn then self.scale_mode = shapes[mode][2] end
    self.cycle_momentum = cycle_momentum
    if cycle_momentum then
      self.base_momentums, self.max_momentums = begin_momentum(self, base_momentum, max_momentum, last_epoch)
    end
    self:begin(last_epoch)
    self.base_lrs = bases
  end,
  get_lr = function(self)
    local cycle = math.floor(1 + self.last_epoch / self.total_size)
    local x = 1 + self.last_epoch / self.total_size - cycle
    local height = x <= self.step_ratio and x / self.step_ratio or (x - 1) / (self.step_ratio - 1)
    local at = self.scale_mode == "cycle" and cycle or self.last_epoch
    local scale = self.scale_fn and self.scale_fn(at) or shapes[self.mode][1](at, self.gamma)
    local list = {}
    for i, group in ipairs(self.optimizer.param_groups) do
      list[i] = self.base_lrs[i] + (self.max_lrs[i] - self.base_lrs[i]) * height * scale
      if self.cycle_momentum then
        local base, max = self.base_momentums[i], self.max_momentums[i]
        set_momentum(group, max - (max - base) * height * scale)
      end
    end
    return list
  end,
})

local anneal = {
  cos = function(from, to, share) return to + (from - to) / 2 * (math.cos(math.pi * share) + 1) end,
  linear = function(from, to, share) return (to - from) * share + from end,
}

--- The phases of one cycle: lists of { last step, lr from, lr to, momentum from, momentum to }.
function cycles.phases(total, pct_start, three_phase)
  local function phase(last, from, to, momentum_from, momentum_to)
    return { end_step = last, start_lr = from, end_lr = to, start_momentum = momentum_from, end_momentum = momentum_to }
  end
  local rise = phase(pct_start * total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
  if not three_phase then return { rise, phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum") } end
  return { rise, phase(2 * pct_start * total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
           phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum") }
end

--- Rate and momentum at a step (from 0) of such phases, between the values that `marks` holds by name.
function cycles.at(phases, step, strategy, marks)
  local start = 0
  for i, phase in ipairs(phases) do
    if step <= phase.end_step or i == #phases then
      local share = phase.end_step > start and (step - start) / (phase.end_step - start) or 1
      local momentum = marks[phase.start_momentum]
        and anneal[strategy](marks[phase.start_momentum], marks[phase.end_momentum], share)
      return anneal[strategy](marks[phase.start_lr], marks[phase.end_lr], share), momentum
    end
    start = phase.end_step
  end
end

--- One cycle over the whole run: up from max_lr / div_factor, down to that / final_div_factor.
cycles.OneCycleLR = scheduler.class("OneCycleLR(max_lr, total_steps=nil, epochs=nil, steps_per_epoch=nil, "
  .. "pct_start=0.3, "
  .. "anneal_strategy='cos', cycle_momentum=true, base_momentum=0.85, max_momentum=0.95, div_factor=25.0, "
  .. "final_div_factor=10000.0, "
  .. "three_phase=false, last_epoch=-1)", {
  init = function(self, max_lr, total_steps, epochs, steps_per_epoch, pct_start, strategy, cycle_momentum,
                  base_momentum,                  max_momentum, div_factor, final_div_factor, three_phase, last_epoch)
    local function count(value, name)
      if type(value) ~= "number" or value <= 0 or value ~= math.floor(value) then
        error(("OneCycleLR: Expected positive integer %s, but got %s"):format(name, tostring(value)), 0)
      end
      return value
    end
    if total_steps ~= nil then
      self.total_steps = count(total_steps, "total_steps")
    elseif epochs ~= nil and steps_per_epoch ~= nil then
      self.total_steps = count(epochs, "epochs") * count(steps_per_epoch, "steps_per_epoch")
    else
      error("OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch)", 0)
    end
    if type(pct_start) ~= "number" or pct_start < 0 or pct_start > 1 then
      error("OneCycleLR: Expected float between 0 and 1 pct_start, but got " .. tostring(pct_start), 0)
    elseif not anneal[strategy] then
      error("OneCycleLR: anneal_strategy must be one of 'cos' or 'linear', instead got " .. tostring(strategy), 0)
    end
    self._schedule_phases, self._anneal_func_type = cycles.phases(self.total_steps, pct_start, three_phase), strategy
    local maxima = per_group("max_lr", self.optimizer, max_lr)
    if last_epoch == -1 then
      for i, group in ipairs(self.optimizer.param_groups) do
        group.initial_lr, group.max_lr = maxima[i] / div_factor, maxima[i]
        group.min_lr = group.initial_lr / final_div_factor
      end
    end
    self.cycle_momentum = cycle_momentum
    if cycle_momentum then begin_momentum(self, base_momentum, max_momentum, last_epoch) end
  end,
  get_lr = function(self)
    local step = self.last_epoch
    if step > self.total_steps then
      error(("OneCycleLR: Tried to step %d times. The specified number of total steps is %d")
        :format(step, self.total_steps), 0)
    end
    local list = {}
    for i, group in ipairs(self.optimizer.param_groups) do
      local lr, momentum = cycles.at(self._schedule_phases, step, self._anneal_func_type, group)
      list[i] = lr
      if self.cycle_momentum then set_momentum(group, momentum) end
    end
    return list
  end,
})

return cycles
