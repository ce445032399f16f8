--- Schedules made of others: one after the other, or all at once.
local scheduler = require "torch.optim.schedule.scheduler"
local ReduceLROnPlateau = require "torch.optim.schedule.plateau".ReduceLROnPlateau
local compose = {}

local function check(who, schedulers, optimizer)
  if type(schedulers) ~= "table" or #schedulers == 0 then
    error(who .. " expects at least one scheduler, but got no scheduler.", 0)
  end
  for i, s in ipairs(schedulers) do
    if type(s) ~= "table" or not s.optimizer then
      error(("%s at index %d should have `optimizer` as its attribute."):format(who, i - 1), 0)
    elseif getmetatable(s) == ReduceLROnPlateau then
      error(("%s does not support `ReduceLROnPlateau` scheduler, which needs the metric at every step, "
        .. "but got one at index %d"):format(who, i - 1), 0)
    elseif s.optimizer ~= optimizer then
      error(("%s expects all schedulers to belong to the same optimizer, but got scheduler %s at index %d with another")
        :format(who, s.name, i - 1), 0)
    end
  end
end

local function state_dict(self)
  local dict = scheduler.Scheduler.state_dict(self)
  dict._schedulers = {}
  for i, s in ipairs(self._schedulers) do dict._schedulers[i] = s:state_dict() end
  return dict
end

local function load_state_dict(self, dict)
  scheduler.Scheduler.load_state_dict(self, dict)
  for i, s in ipairs(dict._schedulers) do self._schedulers[i]:load_state_dict(s) end
end

-- Takes back the step that every schedule made when it was built.
local function undo(s)
  if s._schedulers then
    for _, inner in ipairs(s._schedulers) do undo(inner) end
  elseif s.last_epoch then
    s.last_epoch = s.last_epoch - 1
  end
end

local function passed(milestones, epoch)
  local n = 0
  for _, at in ipairs(milestones) do if at <= epoch then n = n + 1 end end
  return n
end

--- schedulers[1] until milestones[1], then schedulers[2], and so on.
compose.SequentialLR = scheduler.class("SequentialLR(schedulers, milestones, last_epoch=-1)", {
  left_out = { _schedulers = true },
  state_dict = state_dict, load_state_dict = load_state_dict,
  init = function(self, schedulers, milestones, last_epoch)
    check("SequentialLR", schedulers, self.optimizer)
    if #milestones ~= #schedulers - 1 then
      error(("SequentialLR: Sequential Schedulers expects number of schedulers provided to be one more than the "
        .. "number of milestone points, but got number of schedulers %d and the number of milestones to be equal to %d")
        :format(#schedulers, #milestones), 0)
    end
    self._schedulers, self._milestones, self.last_epoch = schedulers, milestones, last_epoch + 1
    for _, group in ipairs(self.optimizer.param_groups) do scheduler.set(group, "lr", group.initial_lr) end
    undo(self)
    local first = schedulers[passed(milestones, 0) + 1]
    first:initial_step()
    self._last_lr = first:get_last_lr()
  end,
  step = function(self)
    self.last_epoch = self.last_epoch + 1
    local n = passed(self._milestones, self.last_epoch)
    local now = self._schedulers[n + 1]
    if n > 0 and self._milestones[n] == self.last_epoch then now:update_lr(0) else now:step() end
    self._last_lr = now:get_last_lr()
  end,
})

local Chained = {}
for key, value in pairs(scheduler.Scheduler) do Chained[key] = value end
Chained.name, Chained.__index, Chained.left_out = "ChainedScheduler", Chained, { _schedulers = true }
Chained.state_dict, Chained.load_state_dict = state_dict, load_state_dict

function Chained:step()
  for _, s in ipairs(self._schedulers) do s:step() end
  self._last_lr = scheduler.rates(self)
end

--- ChainedScheduler({ schedulers }, optimizer = theirs): every step of all of them.
compose.ChainedScheduler = setmetatable(Chained, {
  __call = function(class, schedulers, optimizer)
    optimizer = optimizer or type(schedulers) == "table" and schedulers[1] and schedulers[1].optimizer
    check("ChainedScheduler", schedulers, optimizer)
    local self = setmetatable({ _schedulers = schedulers, optimizer = optimizer }, class)
    self._last_lr = scheduler.rates(self)
    return self
  end,
  __tostring = function() return "torch.optim.lr_scheduler.ChainedScheduler" end,
})

return compose
