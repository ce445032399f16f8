--- An exponential moving average of a model's trained weights (Polyak and Juditsky 1992), kept while they are trained:
-- what is evaluated and stored are the averages, what is trained on are the weights.
--
--     local averaged = ema.new(module, { decay = 0.999, every = 1, warmup = false })
--     averaged:update()                     after an update of the weights
--     averaged:with(function() ... end)     the module has the averages meanwhile
--     averaged:settle()                     and from here on
--
-- The first update takes the weights as they are, each later one average = decay * average + (1 - decay) * weight, as
-- torch.optim.swa_utils.get_ema_multi_avg_fn does. With warmup the decay of update t (from 0) is at most
-- 1 - (1 + t)^(-2/3), so that a short training is no average of its beginning. Buffers (statistics of batch norms,
-- labels that a head has learnt) are not averaged: the averages go with the buffers of the moment.
local ema = {}
ema.__index = ema

--- The options of `train.ema`; a number alone is the decay.
ema.fields = {
  { "decay", "number in [0, 1)", 0.999, "share of the average that an update keeps", at = 1 },
  { "every", "integer > 0", 1, "updates of the weights between two of the average" },
  { "warmup", "boolean", false, "keeps less at first: at most 1 - (1 + t)^(-2/3) in update t of the average, from 0" },
}

--- @param module whose parameters are averaged, but for those that are not trained
-- @param o { decay = 0.999, every = 1, warmup = false }
function ema.new(module, o)
  local self = setmetatable({ decay = o.decay or 0.999, every = o.every or 1, warmup = o.warmup or false,
                              names = {}, weights = {}, averages = {}, steps = 0, updates = 0 }, ema)
  for name, parameter in module:named_parameters() do
    if parameter.requires_grad then
      local i = #self.names + 1
      self.names[i], self.weights[i], self.averages[i] = name, parameter, keep(parameter:detach():clone())
    end
  end
  return self
end

--- The decay of the update to come.
function ema:decay_now()
  if not self.warmup then return self.updates == 0 and 0 or self.decay end
  return math.min(self.decay, 1 - (1 + self.updates) ^ (-2 / 3))
end

--- Takes the weights into the average, every `every` calls.
function ema:update()
  self.steps = self.steps + 1
  if self.settled or self.steps % self.every ~= 0 or #self.weights == 0 then return end
  local decay = self:decay_now()
  torch.no_grad(function()
    if decay == 0 then return torch._foreach_copy_(self.averages, self.weights) end
    torch._foreach_lerp_(self.averages, self.weights, 1 - decay)
  end)
  self.updates = self.updates + 1
end

--- The same after a batch: only where its objective has made an update (accumulation).
function ema:after(objective)
  if not objective.batches or objective.batches.last then self:update() end
end

local function exchange(self)
  if self.settled or self.updates == 0 then return end
  scope(function()
    torch.no_grad(function()
      local weights = {}
      for i, weight in ipairs(self.weights) do weights[i] = weight:detach():clone() end
      torch._foreach_copy_(self.weights, self.averages)
      torch._foreach_copy_(self.averages, weights)
    end)
  end)
end

--- fn(...) with the averages in the module's parameters, which have their own values again afterwards, to the last bit.
function ema:with(fn, ...)
  exchange(self)
  local results = { pcall(fn, ...) }
  exchange(self)
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, table.maxn(results))
end

--- The averages become the weights; nothing is averaged from then on.
function ema:settle()
  if self.settled then return end
  if self.updates > 0 then torch.no_grad(function() torch._foreach_copy_(self.weights, self.averages) end) end
  self.settled = true
end

--- { steps, updates, ["average.NAME"] = tensor }, tensors all.
function ema:state_dict()
  local dict = { steps = torch.tensor(self.steps, { dtype = "int64" }),
                 updates = torch.tensor(self.updates, { dtype = "int64" }) }
  for i, name in ipairs(self.names) do dict["average." .. name] = self.averages[i] end
  return dict
end

--- Goes on from such a table. Errors: a name that is missing or too many, a shape that differs.
function ema:load_state_dict(dict)
  local known = { steps = true, updates = true }
  for i, name in ipairs(self.names) do
    local key = "average." .. name
    local average = dict[key]
    known[key] = true
    if not average then error(("ema: the state has no '%s'"):format(key), 0) end
    if average:numel() ~= self.averages[i]:numel() or tostring(average.shape) ~= tostring(self.averages[i].shape) then
      error(("ema: '%s' has shape %s in the state, %s in the model"):format(key, tostring(average.shape),
        tostring(self.averages[i].shape)), 0)
    end
  end
  for key in pairs(dict) do
    if not known[key] then error(("ema: the state has '%s', the model trains no such parameter"):format(key), 0) end
  end
  if not dict.steps or not dict.updates then error("ema: the state has no 'steps' or 'updates'", 0) end
  torch.no_grad(function()
    for i, name in ipairs(self.names) do self.averages[i]:copy_(dict["average." .. name]) end
  end)
  self.steps, self.updates = dict.steps:item(), dict.updates:item()
end

return ema
