--- The weights of a mixture's tasks while it trains: as declared, or times a schedule's factor; they always sum to 1.
local host = require "host.balance"
local schema = require "schema"

local Weights = {}
Weights.__index = Weights

local task_weight = {}

-- A schedule as function(step, total, epoch) -> factor; step counts from 0.
local function factor_of(name, given, context)
  if type(given) == "function" then return given end
  local built = schema.build(given, context)
  if type(built) ~= "table" or not built.factor or built.observe then
    error(("mixture: the weight of '%s' follows a schedule that knows the step: cosine, step, poly, ..., or a "
      .. "function"):format(name), 0)
  end
  return built.factor
end

--- @param names of the tasks in order, @param declared their weights, @param schedules { name = function or node }
-- @param context { steps = of the whole run }
function task_weight.new(names, declared, schedules, context)
  local self = setmetatable({ names = names, declared = declared, now = host.normalised(declared),
                              total = context.steps }, Weights)
  for name, given in schema.pairs(schedules or {}) do
    local place
    for i, known in ipairs(names) do place = known == name and i or place end
    if not place then
      error(("mixture: schedule: '%s' is none of its heads (%s)"):format(name, table.concat(names, ", ")), 0)
    end
    self.factors = self.factors or {}
    self.factors[place] = factor_of(name, given, context)
  end
  return self
end

--- The weights of this step (from 0) of this epoch (from 1).
function Weights:at(step, epoch)
  if not self.factors then return self.now end
  local values = {}
  for i, weight in ipairs(self.declared) do
    local factor = self.factors[i] and self.factors[i](step, self.total, epoch) or 1
    if type(factor) ~= "number" or factor ~= factor or factor < 0 or factor == math.huge then
      error(("mixture: the schedule of '%s' gave %s at step %d; a factor is a number >= 0"):format(self.names[i],
        tostring(factor), step), 0)
    end
    values[i] = weight * factor
  end
  return host.normalised(values)
end

return task_weight
