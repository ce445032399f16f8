--- torch.optim.swa_utils: averages of a model's weights over training, equal (Izmailov et al. 2018) or exponential.
local torch = require "torch"
local nn = require "nn"
local signature = require "torch.signature"
local scheduler = require "torch.optim.schedule.scheduler"

local swa_utils = {}

local function checked(decay)
  decay = decay or 0.999
  if type(decay) == "table" then decay = decay.decay or 0.999 end
  if type(decay) ~= "number" or decay < 0 or decay > 1 then
    error(("Invalid decay value %s provided. Please provide a value in [0,1] range."):format(tostring(decay)), 3)
  end
  return decay
end

local function is_blendable(x) return x:is_floating_point() or x:is_complex() end

--- get_ema_multi_avg_fn(decay=0.999): f(averages, values, n) in place, average = decay * average + (1 - decay) * value.
function swa_utils.get_ema_multi_avg_fn(decay)
  decay = checked(decay)
  return function(averages, values)
    torch.no_grad(function()
      if is_blendable(averages[1]) then return torch._foreach_lerp_(averages, values, 1 - decay) end
      for i, x in ipairs(averages) do x:copy_(x * decay + values[i] * (1 - decay)) end
    end)
  end
end

--- get_swa_multi_avg_fn(): f(averages, values, n) in place, where n values are in the averages already.
function swa_utils.get_swa_multi_avg_fn()
  return function(averages, values, n)
    if torch.is_tensor(n) then n = n:item() end
    torch.no_grad(function()
      if is_blendable(averages[1]) then return torch._foreach_lerp_(averages, values, 1 / (n + 1)) end
      for i, x in ipairs(averages) do x:copy_(x + (values[i] - x) / (n + 1)) end
    end)
  end
end

--- get_ema_avg_fn(decay=0.999), get_swa_avg_fn(): f(average, value, n) -> the new average of one tensor.
function swa_utils.get_ema_avg_fn(decay)
  decay = checked(decay)
  return function(average, value) return average * decay + value * (1 - decay) end
end
function swa_utils.get_swa_avg_fn()
  return function(average, value, n) return average + (value - average) / (n + 1) end
end

local Averaged = nn.class "AveragedModel"

local read = signature("AveragedModel(device=nil, avg_fn=nil, multi_avg_fn=nil, use_buffers=false)",
  function(...) return { ... }, select("#", ...) end)

function Averaged:init(model, ...)
  local only = select("#", ...) == 1 and (...)
  local given = type(only) == "table" and next(only) == nil and read() or read(...)
  local device, avg_fn, multi_avg_fn, use_buffers = unpack(given, 1, 4)
  if avg_fn and multi_avg_fn then error("AveragedModel: Only one of avg_fn and multi_avg_fn should be provided", 2) end
  self.module = nn.copy(model)
  if device then self.module:to(device) end
  self:register_buffer("n_averaged", torch.zeros({}, { dtype = "int64", device = device }))
  self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers
end

function Averaged:forward(...) return self.module(...) end

local function tensors(model, buffers)
  local list = {}
  for _, parameter in ipairs(model:parameters()) do list[#list + 1] = parameter end
  if buffers then
    for _, pair in ipairs(model:named_buffers()) do list[#list + 1] = pair[2] end
  end
  return list
end

--- averaged:update_parameters(model): takes the model's weights now into the average. Buffers are averaged too with
-- use_buffers, else they are copied.
function Averaged:update_parameters(model)
  local count = self.n_averaged:item()
  torch.no_grad(function()
    local by_kind, mine, theirs = {}, tensors(self.module, self.use_buffers), tensors(model, self.use_buffers)
    for i, average in ipairs(mine) do
      local value = theirs[i]:detach():to(average.device)
      average = average:detach()
      if count == 0 then
        average:copy_(value)
      elseif self.avg_fn then
        average:copy_(self.avg_fn(average, value, self.n_averaged:to(average.device)))
      else
        local kind = average.device .. average.dtype
        by_kind[kind] = by_kind[kind] or { {}, {} }
        table.insert(by_kind[kind][1], average)
        table.insert(by_kind[kind][2], value)
      end
    end
    local blend = self.multi_avg_fn or swa_utils.get_swa_multi_avg_fn()
    for _, lists in pairs(by_kind) do blend(lists[1], lists[2], count) end
    if not self.use_buffers then
      local theirs_ = model:named_buffers()
      for i, pair in ipairs(self.module:named_buffers()) do pair[2]:copy_(theirs_[i][2]) end
    end
    self.n_averaged:add_(1)
  end)
end

--- AveragedModel(model, {device=, avg_fn=, multi_avg_fn=, use_buffers=false}): a module with a copy of the model whose
-- weights are the average of those that update_parameters has seen. Its state dict: n_averaged and module.*.
-- @usage local average = torch.optim.swa_utils.AveragedModel(nn.Linear(2, 1)); print(average.n_averaged)
swa_utils.AveragedModel = Averaged

-- Takes a batch's statistics into the running ones of a batch normalisation, all batches with equal weight.
local function track(norm, input)
  local x = torch.is_tensor(input) and input or input[1]
  local dims = { 0 }
  for dim = 2, x.ndim - 1 do dims[#dims + 1] = dim end
  norm.num_batches_tracked:add_(1)
  local share = 1 / norm.num_batches_tracked:item()
  norm.running_mean:lerp_(x:mean(dims):to(norm.running_mean.dtype), share)
  norm.running_var:lerp_(x:var(dims):to(norm.running_var.dtype), share)
end

--- update_bn(loader, model, device): statistics of the batch normalisations of an averaged model, by one pass over the
-- data: an iterator or a list of inputs, of lists that begin with the input, or of batches (x).
function swa_utils.update_bn(loader, model, device)
  local norms, handles = {}, {}
  for _, item in ipairs(model:modules()) do
    local module = type(item) == "table" and item[2] or item
    if module.kind:find "BatchNorm" and module.running_mean then norms[#norms + 1] = module end
  end
  if #norms == 0 then return end
  local was_training = model.training
  model:train()
  local done, reason = pcall(torch.no_grad, function()
    local tracked = {}
    for i, norm in ipairs(norms) do
      tracked[i] = { norm.running_mean:zero_():clone(), norm.running_var:fill_(1):clone() }
      norm.num_batches_tracked:zero_()
    end
    -- beside the layers' own statistics, whose momentum weighs the last batches most
    for i, norm in ipairs(norms) do
      local own = { running_mean = tracked[i][1], running_var = tracked[i][2], num_batches_tracked = torch.zeros {} }
      tracked[i] = own
      handles[i] = norm:register_forward_hook(function(_, input) track(own, input) end)
    end
    local function feed(input)
      if not torch.is_tensor(input) then input = input.x or input[1] end
      model(device and input:to(device) or input)
    end
    if type(loader) == "function" then
      for input in loader do feed(input) end
    else
      for _, input in ipairs(loader) do feed(input) end
    end
    for i, norm in ipairs(norms) do
      norm.running_mean:copy_(tracked[i].running_mean)
      norm.running_var:copy_(tracked[i].running_var)
      norm.num_batches_tracked:copy_(tracked[i].num_batches_tracked)
    end
  end)
  for i, handle in ipairs(handles) do
    if type(handle) == "number" then norms[i]:remove_forward_hook(handle) else handle:remove() end
  end
  model:train(was_training)
  if not done then error(reason, 0) end
end

local anneal = { cos = function(t) return (1 - math.cos(math.pi * t)) / 2 end, linear = function(t) return t end }

--- SWALR(optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1): lr goes to swa_lr and stays.
swa_utils.SWALR = scheduler.class("SWALR(swa_lr, anneal_epochs=10, anneal_strategy='cos', last_epoch=-1)", {
  init = function(self, swa_lr, anneal_epochs, anneal_strategy)
    for i, lr in ipairs(scheduler.per_group("swa_lr", self.optimizer, swa_lr)) do
      self.optimizer.param_groups[i].swa_lr = lr
    end
    if not anneal[anneal_strategy] then
      error("SWALR: anneal_strategy must be one of 'cos' or 'linear', instead got " .. tostring(anneal_strategy), 0)
    elseif type(anneal_epochs) ~= "number" or anneal_epochs < 0 or anneal_epochs ~= math.floor(anneal_epochs) then
      error("SWALR: anneal_epochs must be equal or greater than 0, got " .. tostring(anneal_epochs), 0)
    end
    self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
  end,
  get_lr = function(self)
    local step = self._step_count - 1
    if self.anneal_epochs == 0 then step = math.max(1, step) end
    local function share(at)
      return anneal[self._anneal_strategy](math.max(0, math.min(1, at / math.max(1, self.anneal_epochs))))
    end
    local before, now = share(step - 1), share(step)
    return scheduler.rates(self, function(lr, group)
      local start = before == 1 and group.swa_lr or (lr - before * group.swa_lr) / (1 - before)
      return group.swa_lr * now + start * (1 - now)
    end)
  end,
})

return swa_utils
