--- A run that shows that everything works and nothing else: few samples, few steps, then evaluation and reports as they
-- would be. Its numbers mean nothing, so it is marked wherever it shows up and never stands in for another run.
local smoke = {}

-- Two batches of most scripts, so that an epoch ends and another begins within the steps.
local STEPS, EPOCHS = 3, 2
local SAMPLES = { train = 128, val = 64, test = 64 }

-- `count` places spread evenly over a set, so that a set in the order of its classes keeps many of them.
local function spread(size, count)
  local places = {}
  for i = 1, count do places[i] = math.floor((i - 1) * size / count) end
  return places
end

--- The splits of a dataset, { train, val, test }, each cut to a few samples.
function smoke.sets(sets)
  local cut = {}
  for split, set in pairs(sets) do
    local size, most = set:size(), SAMPLES[split] or SAMPLES.test
    cut[split] = size > most and set:subset(spread(size, most)) or set
  end
  return cut
end

--- The options of an experiment with a few steps; what is evaluated, and what is reported, stays.
function smoke.options(o)
  local train = setmetatable({ steps = math.min(o.train.steps or STEPS, STEPS),
                               epochs = math.min(o.train.epochs or EPOCHS, EPOCHS) }, { __index = o.train })
  return setmetatable({ train = train }, { __index = o })
end

--- What is said above and beside the numbers of such a run.
smoke.note = ("smoke: %d steps on %d samples; the numbers mean nothing"):format(STEPS, SAMPLES.train)

return smoke
