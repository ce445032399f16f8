--- Losses summed on the device over an epoch of training, read when somebody wants to know: no step waits for a number.
-- What an epoch's means are does not depend on how often they were read meanwhile.
local meter = {}
meter.__index = meter

--- @param names the terms' names beside the total, in order
-- @param device where the losses live
function meter.new(names, device)
  local options = { dtype = "float64", device = device }
  return setmetatable({
    names = names,
    sums = torch.zeros({ #names + 1 }, options), steps = 0, -- over the epoch
    before = {}, steps_before = 0,                          -- what they were when they were read last
    alive = torch.ones({ #names + 1 }, options),            -- 1 until the loss, or a term, is not finite
    finite = torch.zeros({ #names + 1 }, options),          -- steps before the first such value
  }, meter)
end

--- Takes a step's loss and terms (tensors, in the order of the names).
function meter:add(loss, terms)
  torch.no_grad(function()
    local values = { loss }
    for i = 1, #self.names do values[i + 1] = terms[i] end
    local row = torch.stack(values)
    self.sums:add_(row)
    self.alive:mul_(row:isfinite())
    self.finite:add_(self.alive)
  end)
  self.steps = self.steps + 1
end

local function means(self, sums, before, steps)
  local function mean(i) return (sums[i] - (before[i] or 0)) / steps end
  local reading = { loss = mean(1), terms = {}, steps = steps }
  for i, name in ipairs(self.names) do reading.terms[i] = { name, mean(i + 1) } end
  return reading
end

-- Where the loss was not finite: the number of the first such step, and the terms that are not finite since then.
local function judged(self, reading)
  local alive = self.alive:totable()
  if alive[1] ~= 0 then return reading end
  local finite = self.finite:totable()
  reading.diverged, reading.broken = finite[1] + 1, {}
  for i, name in ipairs(self.names) do
    if alive[i + 1] == 0 and finite[i + 1] <= finite[1] then table.insert(reading.broken, name) end
  end
  return reading
end

--- Means since the last reading: { loss =, terms = {{name, value}, ...}, steps = } and, where a loss was not finite,
-- diverged = the number of the first such step (from 1, over the whole run), broken = the terms that are not finite since
-- then, by name. nil where no step was taken.
function meter:read()
  if self.steps == self.steps_before then return nil end
  local sums = self.sums:totable()
  local reading = means(self, sums, self.before, self.steps - self.steps_before)
  self.before, self.steps_before = sums, self.steps
  return judged(self, reading)
end

--- Means since the last call of epoch(), whatever was read meanwhile; nil where no step was taken.
function meter:epoch()
  if self.steps == 0 then return nil end
  local result = judged(self, means(self, self.sums:totable(), {}, self.steps))
  self.sums:zero_()
  self.steps, self.before, self.steps_before = 0, {}, 0
  return result
end

--- What a checkpoint keeps of an epoch that is not over.
function meter:state_dict()
  return { sums = self.sums, steps = self.steps, alive = self.alive, finite = self.finite }
end

function meter:load_state_dict(dict)
  for _, name in ipairs { "sums", "alive", "finite" } do self[name]:copy_(dict[name]) end
  self.steps, self.before, self.steps_before = dict.steps, {}, 0
end

return meter
