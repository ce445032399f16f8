--- Where a plot's numbers come from: the records of a run, or of every row and seed of an ablation; and, where a plot asks
-- for it, the trained model of a single run.
local nearest = require "language.nearest"
local tabulate = require "tabulate"

local Source = {}
Source.__index = Source

local plot_source = {}

--- @param given { title, groups = { { name, runs = { { records, seed, params } } } }, main = key or nil,
--   made = function() -> what trial.assemble gave, with trained weights; nil where there is no single model }
function plot_source.new(given) return setmetatable(given, Source) end

--- A finished or running run as a source. `made`: what was trained, where it is at hand; else it is loaded when needed.
function plot_source.run(run, made)
  local meta = run:meta()
  local name = meta.name or run:id()
  return plot_source.new {
    title = name, of_run = true, id = run:id(),
    groups = { { name = name, runs = { { records = run:metrics(), seed = meta.seed, id = run:id() } } } },
    made = function()
      made = made or require "load_run"(run:id(), { store = run:path():match "^(.*)/[^/]+$" }).made
      return made
    end,
  }
end

-- Numbers of a record that are no measurements.
local bookkeeping = { epoch = true, step = true, seconds = true, samples = true }

--- All keys of numbers, sorted.
function Source:keys()
  if self.known_keys then return self.known_keys end
  local seen, keys = {}, {}
  for _, group in ipairs(self.groups) do
    for _, run in ipairs(group.runs) do
      for _, record in ipairs(run.records) do
        for key, value in pairs(record) do
          if type(value) == "number" and type(key) == "string" and not bookkeeping[key] and not seen[key] then
            seen[key] = true
            keys[#keys + 1] = key
          end
        end
      end
    end
  end
  table.sort(keys)
  self.known_keys = keys
  return keys
end

--- Raises where no run has this key: with the nearest one, or that there are no numbers at all.
function Source:check(key)
  local keys = self:keys()
  for _, known in ipairs(keys) do
    if known == key then return end
  end
  if #keys == 0 then error(("%s has no metrics yet"):format(self.title), 0) end
  error(("unknown metric '%s'%s (%s)"):format(key, nearest.did_you_mean(key, keys), table.concat(keys, ", ")), 0)
end

--- The keys that a pattern with * names ("grad_norm/*"), or the key itself, checked.
function Source:matching(pattern)
  if not pattern:find("*", 1, true) then
    self:check(pattern)
    return { pattern }
  end
  local lua = "^" .. pattern:gsub("%p", "%%%0"):gsub("%%%*", ".*") .. "$"
  local found = {}
  for _, key in ipairs(self:keys()) do
    if key:match(lua) then found[#found + 1] = key end
  end
  return found
end

-- The points of a key in one run: those of training, and the last evaluation where it came without one.
local function points(run, key, x)
  local list, last_epoch = {}, nil
  for _, record in ipairs(run.records) do
    local value = record[key]
    if type(value) == "number" and not (record.final and last_epoch == record.epoch) then
      list[#list + 1] = { at = record.epoch or #list + 1, x = record[x] or record.epoch or #list + 1, value = value }
      last_epoch = record.epoch
    end
  end
  return list
end

--- The course of a metric in a group: at each epoch the mean over its runs, their spread and number.
-- @param x "epoch", "step" or "seconds" (the mean over the runs)
-- @return { x, mean, std, low, high, n }: lists; std is nan where one run alone was measured
function Source:curve(group, key, x)
  local places, order = {}, {}
  for _, run in ipairs(group.runs) do
    for _, point in ipairs(points(run, key, x)) do
      local place = places[point.at]
      if not place then
        place = { at = point.at, x = {}, values = {} }
        places[point.at] = place
        order[#order + 1] = place
      end
      table.insert(place.x, point.x)
      table.insert(place.values, point.value)
    end
  end
  table.sort(order, function(a, b) return a.at < b.at end)
  local curve = { x = {}, mean = {}, std = {}, low = {}, high = {}, n = {} }
  for i, place in ipairs(order) do
    local mean, std, n = tabulate.statistics(place.values)
    curve.x[i], curve.mean[i], curve.std[i], curve.n[i] = tabulate.statistics(place.x), mean, std or 0 / 0, n
    curve.low[i], curve.high[i] = math.min(unpack(place.values)), math.max(unpack(place.values))
  end
  return curve
end

--- The last value of a metric in each run of a group: { { value, seed, params } }.
function Source:finals(group, key)
  local found = {}
  for _, run in ipairs(group.runs) do
    for i = #run.records, 1, -1 do
      local value = run.records[i][key]
      if type(value) == "number" then
        found[#found + 1] = { value = value, seed = run.seed, params = run.params or {} }
        break
      end
    end
  end
  return found
end

--- The metric that stands for the runs: what the source says, else the first one of a test, else any.
function Source:main_key()
  if self.main then return self.main end
  local keys = self:keys()
  for _, pattern in ipairs { "test%.?.*top1$", "^test%.", "top1$", "^val%.", "." } do
    for _, key in ipairs(keys) do
      if key:match(pattern) then return key end
    end
  end
  self:check "test.top1"
end

--- The trained model of a single run. Errors: an ablation, a run that cannot be loaded.
function Source:model(kind)
  if not self.made then
    error(("%s: it is drawn from one model; give the run of a row: moonlab plot RUN %s"):format(kind, kind:match "[^.]+$"), 0)
  end
  self.trained = self.trained or self.made()
  return self.trained
end

return plot_source
