--- Which learning rate to begin with (Smith 2017): a short training whose rate grows from step to step, and what its
-- losses say.
local train = require "train"

local learning_rates = {}

-- How much of the moving loss that tells a divergence an update keeps.
local KEPT = 0.9

--- Trains with rates that grow by the same factor from update to update, from `from` to `to`; the groups of the
-- optimizer keep their ratios, and its schedule rests. Ends early where the loss diverges: where it is not finite, or its
-- moving average is four times the lowest and above the first.
-- @param made what an experiment builds (trial.assemble)
-- @param o { from, to, steps = updates }
-- @param tell function(rate, loss) after each update, loss a number
-- @return true where it diverged
function learning_rates.sweep(made, o, tell)
  local optim, reference = made.optim, made.optim.defaults.lr
  if not (type(reference) == "number" and reference > 0) then
    error("optim: its lr must be above 0 to find rates from it", 0)
  end
  optim.schedule = nil
  local done, rate, sum, count = 0, o.from, 0, 0
  local moving, weight, first, lowest, diverged = 0, 0, nil, math.huge, false
  local function judge(loss)
    moving, weight = KEPT * moving + (1 - KEPT) * loss, KEPT * weight + 1 - KEPT
    local now = moving / weight
    first = first or now
    lowest = math.min(lowest, now)
    return loss ~= loss or math.abs(loss) == math.huge or now > math.max(first, 4 * lowest)
  end
  local own = made.o.train.on or {}
  local on = setmetatable({}, { __index = own })
  function on.sample(state)
    rate = o.from * (o.to / o.from) ^ (o.steps > 1 and done / (o.steps - 1) or 0)
    for _, group in ipairs(optim.groups) do group.lr = rate * group.initial_lr / reference end
    if own.sample then own.sample(state) end
  end
  function on.step(state)
    sum, count = sum + state.loss:item(), count + 1
    if own.step then own.step(state) end
    local batches = state.objective.batches
    if batches and not batches.last then return end
    local loss = sum / count
    done, sum, count = done + 1, 0, 0
    tell(rate, loss)
    diverged = judge(loss)
    if diverged or done >= o.steps then state.stop = "enough" end
  end
  local t = made.o.train
  train.run {
    model = made.model, data = made.data, objective = made.objective, optim = optim, loaders = made.loaders,
    metrics = made.metrics, device = made.device, seed = made.seed, epochs = math.huge, every = 1, on = on,
    clip = t.clip, clip_value = t.clip_value, accumulate = t.accumulate,
    precision = require "precision".new(t.precision, made.device),
  }
  return diverged
end

-- A straight line through the points around place i: its height there and its slope, by least squares.
local function line_at(x, y, i, half)
  local from, to = math.max(1, i - half), math.min(#x, i + half)
  local n, mean_x, mean_y = to - from + 1, 0, 0
  for k = from, to do mean_x, mean_y = mean_x + x[k] / n, mean_y + y[k] / n end
  local xx, xy = 0, 0
  for k = from, to do
    xx, xy = xx + (x[k] - mean_x) ^ 2, xy + (x[k] - mean_x) * (y[k] - mean_y)
  end
  local slope = xx > 0 and xy / xx or 0
  return mean_y + slope * (x[i] - mean_x), slope
end

--- What the losses of a sweep say.
-- @param rates, losses two lists; losses that are not finite end them
-- @return { rates, losses = the smoothed curve, suggested = the rate at which the loss falls fastest per factor of ten
--   (nil where it never falls), lowest = the rate of the lowest smoothed loss, loss = that loss }; nil for less than
--   five points
function learning_rates.read(rates, losses)
  local x, y = {}, {}
  for i, loss in ipairs(losses) do
    if loss ~= loss or math.abs(loss) == math.huge then break end
    x[i], y[i] = math.log10(rates[i]), loss
  end
  if #x < 5 then return nil end
  local half = math.max(2, math.floor(#x / 20))
  local curve, slopes, lowest = {}, {}, 1
  for i in ipairs(x) do
    curve[i], slopes[i] = line_at(x, y, i, half)
    if curve[i] < curve[lowest] then lowest = i end
  end
  local steepest
  for i = 1, lowest do
    if slopes[i] < 0 and (not steepest or slopes[i] < slopes[steepest]) then steepest = i end
  end
  local reading = { rates = {}, losses = curve, lowest = rates[lowest], loss = curve[lowest],
                    suggested = steepest and rates[steepest] }
  for i in ipairs(x) do reading.rates[i] = rates[i] end
  return reading
end

return learning_rates
