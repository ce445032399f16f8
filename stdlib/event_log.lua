--- A run's metrics as TensorBoard's event file, beside metrics.jsonl and written with it: `tensorboard --logdir runs`.
-- A run that goes on has it written anew from its metrics, so that there is one file and no step twice.
local host_run = require "host.run"

local event_log = {}
event_log.__index = event_log

-- The scalars of a record; the evaluation after training says nothing new of what its step has already.
local function event_of(self, record)
  local scalars = {}
  for key, value in pairs(record) do
    local measured = key:find("[./]") ~= nil and type(value) == "number"
    if measured and not (record.final and self.last[key] == record.step) then
      scalars[key], self.last[key] = value, record.step
    end
  end
  if next(scalars) == nil then return nil end
  return { time = self.started + (record.seconds or 0), step = record.step or 0, scalars = scalars }
end

--- @param run of host.run, @param started seconds since 1970
function event_log.open(run, started)
  started = type(started) == "number" and started or 0
  local self = setmetatable({ run = run, started = started, last = {} }, event_log)
  self.file = ("events.out.tfevents.%010d.moonlab"):format(started)
  local events = {}
  for _, record in ipairs(run:metrics()) do events[#events + 1] = event_of(self, record) end
  run:write(self.file, host_run.events(started, events))
  return self
end

--- Adds a record of metrics.
function event_log:add(record)
  local event = event_of(self, record)
  if event then self.run:append(self.file, host_run.events(nil, { event })) end
end

return event_log
