--- The course of training in numbers: what a metric was after each epoch that was evaluated.
--
-- A curve is { epoch = {...}, step = {...}, seconds = {...}, value = {...} }: four lists of one length, seconds counted
-- from the start of training. `mode` says whether larger ("max") or smaller ("min") values are better.
local learning_curve = {}

local nan = 0 / 0

local lower_is_better = { error = true, ece = true, loss = true }

--- "min" for metrics whose smaller values are better (error, ece, loss), else "max".
function learning_curve.mode_of(name)
  return lower_is_better[name:match "[^.]*$"] and "min" or "max"
end

--- The curve of a key ("test.top1") in the records of a run (run:metrics()). The evaluation after training is no part
-- of it, nor are records in which the key has no number.
function learning_curve.of_records(records, key)
  local curve = { epoch = {}, step = {}, seconds = {}, value = {} }
  for _, record in ipairs(records) do
    if not record.final and type(record[key]) == "number" then
      local n = #curve.value + 1
      curve.value[n], curve.epoch[n] = record[key], record.epoch
      curve.step[n], curve.seconds[n] = record.step, record.seconds
    end
  end
  return curve
end

--- The best of a list of values and its place (from 1); nan and nil where there is none. nan is never the best.
function learning_curve.best(values, mode)
  local best, place = nan, nil
  for i, value in ipairs(values) do
    local better = value == value and (not place or (mode == "min" and value < best or mode ~= "min" and value > best))
    if better then best, place = value, i end
  end
  return best, place
end

--- Area under the accuracy curve: the mean of the values over the epochs (section 1.6 of LwAL). nan for none.
function learning_curve.auac(values)
  local sum = 0
  for _, value in ipairs(values) do sum = sum + value end
  return sum / #values
end

--- The place (from 1) of the first value that is as good as `level`, or nil.
function learning_curve.reached(values, level, mode)
  for i, value in ipairs(values) do
    if mode == "min" and value <= level or mode ~= "min" and value >= level then return i end
  end
end

--- The share of epochs that need not be trained to be as good as `level`: 1 - e / T, for the first epoch e that is, of
-- T. nan where none is.
function learning_curve.epochs_saved(curve, level, mode)
  local e = learning_curve.reached(curve.value, level, mode)
  return e and 1 - curve.epoch[e] / curve.epoch[#curve.epoch] or nan
end

--- The same in time: 1 - seconds until then / `total`, the seconds that all of the reference's training took (of the
-- curve's own where absent). Below 0 where it took longer than that.
function learning_curve.time_saved(curve, level, mode, total)
  local e = learning_curve.reached(curve.value, level, mode)
  return e and 1 - curve.seconds[e] / (total or curve.seconds[#curve.seconds]) or nan
end

--- The share of a reference's errors that are gone: (reference - error) / reference. Below 0 where there are more.
function learning_curve.error_reduction(reference, error_rate) return (reference - error_rate) / reference end

--- The mean of several curves, such as those of seeds, over the epochs that all of them have:
-- a curve with `deviation` (of a sample; nil for a single curve) beside `value`.
function learning_curve.mean(curves)
  local made = { epoch = {}, step = {}, seconds = {}, value = {}, deviation = #curves > 1 and {} or nil }
  local places, metric = {}, require "host.metric"
  for c, curve in ipairs(curves) do
    for i, epoch in ipairs(curve.epoch) do
      places[epoch] = places[epoch] or {}
      places[epoch][c] = i
    end
  end
  for _, epoch in ipairs(curves[1] and curves[1].epoch or {}) do
    local all, values, step, seconds = true, {}, 0, 0
    for c, curve in ipairs(curves) do
      local i = places[epoch][c]
      if i then
        values[c], step, seconds = curve.value[i], step + curve.step[i], seconds + curve.seconds[i]
      else
        all = false
      end
    end
    if all then
      local n, spread = #made.epoch + 1, metric.spread(values)
      made.epoch[n], made.step[n], made.seconds[n] = epoch, step / #curves, seconds / #curves
      made.value[n] = spread.mean
      if made.deviation then made.deviation[n] = spread.deviation end
    end
  end
  return made
end

return learning_curve
