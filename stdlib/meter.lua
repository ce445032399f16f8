--- Losses summed on the device over an interval of training, read once at its end: no step waits for a number.
local meter = {}
meter.__index = meter

--- @param names the terms' names beside the total, in order
-- @param device where the losses live
function meter.new(names, device)
  local options = { dtype = "float32", device = device }
  return setmetatable({
    names = names,
    sums = torch.zeros({ #names + 1 }, options),
    steps = 0,                                  -- since the last reading
    epoch_sums = {}, epoch_steps = 0,           -- since the last call of epoch(), in Lua
    alive = torch.ones({ #names + 1 }, options),   -- 1 until the loss, or a term, is not finite
    finite = torch.zeros({ #names + 1 }, options), -- steps before the first such value
  }, meter)
end

--- Takes a step's loss and terms (tensors, in the order of the names).
function meter:add(loss, terms)
  torch.no_grad(function()
    local values = { loss }
    for i = 1, #self.names do values[i + 1] = terms[i] end
    local row = torch.stack(values):float()
    self.sums:add_(row)
    self.alive:mul_(row:isfinite())
    self.finite:add_(self.alive)
  end)
  self.steps = self.steps + 1
end

local function means(self, sums, steps)
  local reading = { loss = sums[1] / steps, terms = {}, steps = steps }
  for i, name in ipairs(self.names) do reading.terms[i] = { name, sums[i + 1] / steps } end
  return reading
end

--- Means since the last reading: { loss =, terms = {{name, value}, ...}, steps = } and, where a loss was not finite,
-- diverged = the number of the first such step (from 1, over the whole run), broken = the terms that are not finite since
-- then, by name. nil where no step was taken.
function meter:read()
  if self.steps == 0 then return nil end
  local sums = self.sums:totable()
  local reading = means(self, sums, self.steps)
  for i, sum in ipairs(sums) do self.epoch_sums[i] = (self.epoch_sums[i] or 0) + sum end
  self.epoch_steps = self.epoch_steps + self.steps
  local alive = self.alive:totable()
  if alive[1] == 0 then
    local finite = self.finite:totable()
    reading.diverged, reading.broken = finite[1] + 1, {}
    for i, name in ipairs(self.names) do
      if alive[i + 1] == 0 and finite[i + 1] <= finite[1] then table.insert(reading.broken, name) end
    end
  end
  self.sums:zero_()
  self.steps = 0
  return reading
end

--- Means since the last call of epoch(), whatever was read meanwhile; nil where no step was taken.
function meter:epoch()
  local reading = self:read()
  if self.epoch_steps == 0 then return nil end
  local result = means(self, self.epoch_sums, self.epoch_steps)
  result.diverged, result.broken = reading and reading.diverged, reading and reading.broken
  self.epoch_sums, self.epoch_steps = {}, 0
  return result
end

return meter
