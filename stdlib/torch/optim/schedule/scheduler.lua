--- What PyTorch's schedules share. A schedule sets lr of an optimizer's groups when it is made and at every step();
-- the chainable forms change the rate that stands in the group, so that several may work on one optimizer.
local signature = require "torch.signature"
local is_tensor = require "host.tensor".is_tensor

local Scheduler = { name = "LRScheduler" }
Scheduler.__index = Scheduler

local scheduler = { Scheduler = Scheduler }

-- An option for every group: a list as long, or one value for all.
function scheduler.per_group(name, optimizer, value)
  local n, list = #optimizer.param_groups, {}
  if type(value) == "table" and #value ~= n then
    error(("%s must have the same length as optimizer.param_groups. %s has %d values, param_groups has %d.")
      :format(name, name, #value, n), 0)
  end
  for i = 1, n do
    local one = type(value) == "table" and value[i] or value
    list[i] = is_tensor(one) and keep(one:clone()) or one
  end
  return list
end

--- Sets an option of a group: a tensor's value changes in place, so that a captured graph sees it.
function scheduler.set(group, key, value)
  if is_tensor(group[key]) then torch.no_grad(function() group[key]:fill_(value) end) else group[key] = value end
end

--- f(lr of the group, group, i) for each group, as a list.
function scheduler.rates(self, f)
  local list = {}
  for i, group in ipairs(self.optimizer.param_groups) do
    local lr = group.lr
    if is_tensor(lr) then lr = lr:item() end
    list[i] = f and f(lr, group, i) or lr
  end
  return list
end

--- Rates that stay as they are.
function Scheduler:unchanged() return scheduler.rates(self) end

--- f(base rate, i) for each group.
function Scheduler:from_base(f)
  local list = {}
  for i, base in ipairs(self.base_lrs) do list[i] = f(is_tensor(base) and base:item() or base, i) end
  return list
end

-- Rates before any schedule are kept in the groups as initial_lr.
function Scheduler:begin(last_epoch)
  for i, group in ipairs(self.optimizer.param_groups) do
    if last_epoch == -1 then
      if group.initial_lr == nil then group.initial_lr = is_tensor(group.lr) and keep(group.lr:clone()) or group.lr end
    elseif group.initial_lr == nil then
      error(("%s: param 'initial_lr' is not specified in param_groups[%d] when resuming scheduler with last_epoch >= 0")
        :format(self.name, i - 1), 0)
    end
  end
  self.base_lrs = {}
  for i, group in ipairs(self.optimizer.param_groups) do
    self.base_lrs[i] = is_tensor(group.initial_lr) and group.initial_lr:item() or group.initial_lr
  end
  self.last_epoch = last_epoch
  self:initial_step()
end

function Scheduler:initial_step()
  self._step_count, self._is_initial = 0, true
  self:step()
  self._is_initial = false
end

--- The next rates; with an epoch those of that epoch, by the closed form where there is one.
function Scheduler:step(epoch)
  self._step_count = self._step_count + 1
  self:update_lr(epoch)
end

function Scheduler:update_lr(epoch)
  local values
  if epoch == nil then
    self.last_epoch = self.last_epoch + 1
    values = self:get_lr()
  else
    self.last_epoch = epoch
    values = self.closed_form and self:closed_form() or self:get_lr()
  end
  for i, group in ipairs(self.optimizer.param_groups) do scheduler.set(group, "lr", values[i]) end
  self._last_lr = scheduler.rates(self)
end

--- The rate of every group since the last step, as a list.
function Scheduler:get_last_lr() return self._last_lr end

local function copy(value)
  if is_tensor(value) or type(value) ~= "table" then return value end
  local out = {}
  for key, item in pairs(value) do out[key] = copy(item) end
  return out
end

--- All that the schedule knows, without the optimizer and without functions.
function Scheduler:state_dict()
  local dict = {}
  for key, value in pairs(self) do
    if key ~= "optimizer" and type(value) ~= "function" and not (self.left_out and self.left_out[key]) then
      dict[key] = copy(value)
    end
  end
  return dict
end

function Scheduler:load_state_dict(dict)
  for key, value in pairs(dict) do
    if value ~= torch.None and not (self.left_out and self.left_out[key]) then self[key] = copy(value) end
  end
end

--- A class of schedules, called as NAME(optimizer, values..., { keywords }).
-- @param text the options as a signature, without the optimizer: "StepLR(step_size, gamma=0.1, last_epoch=-1)"
-- @param methods init(self, values...) and get_lr(self) -> list of rates; closed_form(self) where there is one
function scheduler.class(text, methods)
  local class = {}
  for key, value in pairs(Scheduler) do class[key] = value end
  for key, value in pairs(methods) do class[key] = value end
  class.name, class.signature, class.__index = text:match "^%w+", text, class
  local read = signature(text, function(...) return select("#", ...), { ... } end)
  local all_optional = text:match "^%w+%([%w_]+=" ~= nil
  return setmetatable(class, {
    __call = function(_, optimizer, ...)
      if type(optimizer) ~= "table" or type(optimizer.param_groups) ~= "table" then
        error(("%s: the first argument must be an optimizer, got a %s"):format(class.name, type(optimizer)), 2)
      end
      local n, values
      local only = select("#", ...) == 1 and (...)
      -- no keywords at all: {}
      if all_optional and type(only) == "table" and next(only) == nil then
        n, values = read()
      else
        n, values = read(...)
      end
      local self = setmetatable({ optimizer = optimizer }, class)
      local last_epoch = values[n]
      self:init(unpack(values, 1, n))
      if not self.last_epoch then self:begin(last_epoch) end
      return self
    end,
    __tostring = function() return "torch.optim.lr_scheduler." .. class.name end,
  })
end

-- torch.optim.lr_scheduler.LRScheduler: a base for one's own; `get_lr` is written by whoever uses it.
function Scheduler:get_lr() error(self.name .. " has no get_lr", 0) end

return scheduler
